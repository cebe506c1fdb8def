import { readable, stageOf } from './format';
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
  const percent = Math.floor(job.progress.fraction * 100);
  return (
    <div className="progress">
      <progress value={job.progress.fraction} aria-label="Progress" />
      <small>
        {percent} %{!hasEnded(job) && job.progress.stage && ` · ${stageOf(job)}`}
      </small>
    </div>
  );
}
