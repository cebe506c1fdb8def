import { useState } from 'react';
import { DropZone } from '../upload/drop-zone';
import { sendFile } from '../upload/send-file';
import { describe } from './api';
import { beginWatching } from './watched';
import { goTo } from './navigation';

interface Step {
  name: string;
  fraction?: number;
}

/** A file goes up, its parse starts, and its page opens. */
export function UploadCard() {
  const [step, setStep] = useState<Step | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  async function upload(file: File): Promise<void> {
    setFailure(null);
    try {
      const { id, after } = await sendFile(file, (name, fraction) =>
        setStep({ name, fraction }),
      );
      beginWatching(id, after);
      goTo(id);
    } catch (error) {
      setFailure(describe(error));
    } finally {
      setStep(null);
    }
  }

  return (
    <section className="upload" aria-label="Parse a PSD">
      <DropZone disabled={step !== null} onFile={upload} />
      <div role="status">
        {step && (
          <p className="step">
            {step.name}… <progress value={step.fraction} aria-label={step.name} />
          </p>
        )}
      </div>
      {failure && (
        <p role="alert" className="failure">
          {failure}
        </p>
      )}
    </section>
  );
}
