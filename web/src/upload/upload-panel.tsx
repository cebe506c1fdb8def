import { useState } from 'react';
import { useRunInNewTab } from '../use-run-in-new-tab';
import { DropZone } from './drop-zone';
import { DESIGNS } from './endings';
import { LiveEvents } from './live-events';
import { sendFile } from './send-file';
import watchJob from './watch-job.graphql?raw';

interface Step {
  name: string;
  fraction?: number;
}

/** The sidebar panel: a file goes up, its parse starts, and a tab shows it live. */
export function UploadPanel() {
  const [step, setStep] = useState<Step | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const runInNewTab = useRunInNewTab();

  async function upload(file: File): Promise<void> {
    setFailure(null);
    try {
      const started = await sendFile(file, (name, fraction) =>
        setStep({ name, fraction }),
      );
      runInNewTab(watchJob, { ...started });
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setStep(null);
    }
  }

  return (
    <section className="upload-panel" aria-label="Upload a PSD">
      <h2 className="upload-title">Upload a PSD</h2>
      <p>
        The file goes up, its parse starts, and a new tab subscribes to every event
        of it.
      </p>
      <DropZone
        disabled={step !== null}
        endings={DESIGNS}
        hint=".psd or .psb"
        onFile={upload}
      />
      {step && (
        <p role="status">
          {step.name}… <progress value={step.fraction} />
        </p>
      )}
      {failure && (
        <p role="alert" className="upload-failure">
          {failure}
        </p>
      )}
      <LiveEvents />
    </section>
  );
}
