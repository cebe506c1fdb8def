import { useState } from 'react';
import type { DragEvent } from 'react';

interface Props {
  disabled: boolean;
  /** The endings of the names that it takes, such as ".psd". */
  endings: readonly string[];
  /** The same for people. */
  hint: string;
  onFile(file: File): void;
}

/** A field that takes one file, chosen or dropped. */
export function DropZone({ disabled, endings, hint, onFile }: Props) {
  const [over, setOver] = useState(false);

  function take(files: FileList | null): void {
    const file = files?.[0];
    if (file && !disabled) {
      onFile(file);
    }
  }

  function drag(event: DragEvent, entered: boolean): void {
    event.preventDefault();
    setOver(entered);
  }

  return (
    <label
      className={over ? 'drop-zone over' : 'drop-zone'}
      onDragOver={(event) => drag(event, true)}
      onDragLeave={(event) => drag(event, false)}
      onDrop={(event) => {
        drag(event, false);
        take(event.dataTransfer.files);
      }}
    >
      <UploadIcon />
      <span>
        <b>Choose a file</b> or drop it here
      </span>
      <small>{hint}</small>
      <input
        type="file"
        accept={endings.join(',')}
        disabled={disabled}
        onChange={(event) => {
          take(event.target.files);
          // So that the same file can be chosen again.
          event.target.value = '';
        }}
      />
    </label>
  );
}

/** An arrow into a tray, drawn in the sidebar and in the drop zone. */
export function UploadIcon() {
  return (
    <svg
      aria-hidden
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
    >
      <path d="M12 16V4m-5 5 5-5 5 5M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3" />
    </svg>
  );
}
