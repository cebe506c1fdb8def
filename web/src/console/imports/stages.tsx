import type { Job } from '../types';

const STAGES: Record<string, string> = {
  'checking upload': 'Upload checked',
  reading: 'Reading',
  checking: 'Checking',
  storing: 'Storing',
};

/** The stages of an import, which are done, and which one it is in. */
export function Stages({ job }: { job: Job }) {
  const names = Object.keys(STAGES);
  const now = names.indexOf(job.progress.stage);
  return now < 0 ? null : (
    <ol className="stages" aria-label="Stages">
      {names.map((name, at) => (
        <li key={name} aria-current={at === now ? 'step' : undefined}>
          {at < now && <span aria-hidden>✓ </span>}
          {STAGES[name]}
          {at < now && <span className="hidden"> done</span>}
        </li>
      ))}
    </ol>
  );
}
