import { useState } from 'react';
import { DropZone } from '../upload/drop-zone';
import { DESIGNS, TABLES, isTable } from '../upload/endings';
import { sendFile, uploadFile } from '../upload/send-file';
import type { OnStep } from '../upload/send-file';
import { describe } from './api';
import { goToImport, goToJob } from './navigation';
import { beginWatching } from './watched';

interface Step {
  name: string;
  fraction?: number;
}

/** A file goes up, and the page opens on which it goes on. */
export function UploadCard() {
  const [step, setStep] = useState<Step | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  async function upload(file: File): Promise<void> {
    setFailure(null);
    try {
      await begin(file, (name, fraction) => setStep({ name, fraction }));
    } catch (error) {
      setFailure(describe(error));
    } finally {
      setStep(null);
    }
  }

  return (
    <section className="upload" aria-label="Upload a file">
      <DropZone
        disabled={step !== null}
        endings={[...DESIGNS, ...TABLES]}
        hint="a design (.psd, .psb) or a table (.xlsx, .xls, .ods, .csv, .tsv, .zip)"
        onFile={upload}
      />
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

/** A table is looked at before it is imported, a design is parsed at once. */
async function begin(file: File, step: OnStep): Promise<void> {
  if (isTable(file.name)) {
    goToImport(await uploadFile(file, step));
  } else {
    const { id, after } = await sendFile(file, step);
    beginWatching(id, after);
    goToJob(id);
  }
}
