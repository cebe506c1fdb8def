import { useEffect, useRef, useState } from 'react';
import { describe } from '../api';
import { undo } from './requests';
import type { ImportResult } from './types';

interface Props {
  of: ImportResult;
  reload(): Promise<void>;
}

/** Takes an import back, once it was asked whether that is meant. */
export function UndoButton({ of, reload }: Props) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const opener = useRef<HTMLButtonElement>(null);

  async function run(): Promise<void> {
    setBusy(true);
    setRefusal(null);
    try {
      await undo(of.id);
      await reload();
    } catch (error) {
      setRefusal(describe(error));
    } finally {
      setBusy(false);
      setAsking(false);
    }
  }

  function keepIt(): void {
    setAsking(false);
    opener.current?.focus();
  }

  return (
    <div className="undo">
      <button
        type="button"
        ref={opener}
        aria-expanded={isAsking}
        onClick={() => setAsking(!isAsking)}
      >
        Undo this import
      </button>
      {isAsking && <Question {...{ of, isBusy, run, keepIt }} />}
      {refusal && (
        <p role="alert" className="error">
          {refusal}
        </p>
      )}
    </div>
  );
}

interface QuestionProps {
  of: ImportResult;
  isBusy: boolean;
  run(): void;
  keepIt(): void;
}

function Question({ of, isBusy, run, keepIt }: QuestionProps) {
  const yes = useRef<HTMLButtonElement>(null);
  useEffect(() => yes.current?.focus(), []);
  return (
    <div
      role="group"
      aria-labelledby="undo-question"
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          // Else the page of the job closes.
          event.stopPropagation();
          keepIt();
        }
      }}
    >
      <p id="undo-question">{questionOf(of)}</p>
      <p className="steering">
        <button type="button" ref={yes} disabled={isBusy} onClick={run}>
          Yes, take it back
        </button>
        <button type="button" disabled={isBusy} onClick={keepIt}>
          No, keep it
        </button>
      </p>
    </div>
  );
}

function questionOf({ target, dataset, rowsInserted, rowsUpdated }: ImportResult): string {
  if (target === null) {
    return `The dataset ${dataset?.name ?? ''} is deleted with all its rows. Go on?`;
  }
  const rows = rowsInserted.toLocaleString();
  const former = rowsUpdated.toLocaleString();
  return (
    `${rows} rows that this import has added are taken out, and ${former} that it ` +
    'has changed become again what they were. Go on?'
  );
}
