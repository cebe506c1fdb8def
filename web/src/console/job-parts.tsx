import { leftOf, readable, stageOf } from './format';
import { hasEnded } from './types';
import type { Job } from './types';

export function Status({ of }: { of: Job }) {
  return (
    <span className={`status ${of.status.toLowerCase()}`} data-status={of.status}>
      {readable(of.status)}
    </span>
  );
}

/** How far a job is: a bar, and in words what is being done. */
export function JobProgress({ job }: { job: Job }) {
  const percent = `${Math.floor(job.progress.fraction * 100)} %`;
  const doing = job.progress.stage ? [stageOf(job), leftOf(job)] : [];
  const words = [percent, ...(hasEnded(job) ? [] : doing)];
  return (
    <div className="progress">
      <progress value={job.progress.fraction} aria-label="Progress" />
      <small>{words.filter(Boolean).join(' · ')}</small>
    </div>
  );
}
