import { useEffect, useRef, useState } from 'react';
import { reachable } from '../server';
import { describe, steer } from './api';
import { durationOf, fileOf, kindOf, timeOf, useNow } from './format';
import { History } from './history';
import { Outcome } from './imports/outcome';
import { JobProgress, Status } from './job-parts';
import { Layers } from './layers';
import { addressOf, closeJob, goToJob } from './navigation';
import { useStore } from './store';
import { hasEnded } from './types';
import type { JobDetails } from './types';
import { watchJob } from './watched';

/** One job: how it stands, what came out of it, and all that happened to it. */
export function JobPage({ id }: { id: string }) {
  const [failure, setFailure] = useState<string | null>(null);
  const [watching, setWatching] = useState<ReturnType<typeof watchJob> | null>(null);
  useEffect(() => {
    const begun = watchJob(id, (error) => setFailure(describe(error)));
    setWatching(begun);
    return begun.stop;
  }, [id]);
  return (
    <article
      className="job"
      aria-labelledby="job-title"
      onKeyDown={({ key }) => key === 'Escape' && closeJob(id)}
    >
      {watching && <Opened watching={watching} id={id} />}
      {failure && (
        <p role="alert" className="failure">
          {failure}
        </p>
      )}
    </article>
  );
}

interface OpenedProps {
  id: string;
  watching: ReturnType<typeof watchJob>;
}

function Opened({ id, watching }: OpenedProps) {
  const { job, isMissing, isSettled, events, layers, rejected, failure } = useStore(watching.store);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), [id]);
  const name = job ? (fileOf(job) ?? kindOf(job)) : 'Job';
  return (
    <>
      <div className="job-head">
        <h2 id="job-title" ref={title} tabIndex={-1}>
          {isMissing ? 'There is no such job' : name}
        </h2>
        <button
          type="button"
          className="close"
          aria-label="Close"
          onClick={() => closeJob(id)}
        >
          ×
        </button>
      </div>
      {job && <Facts job={job} />}
      {job && <Steering job={job} reload={watching.load} />}
      {failure && !isMissing && (
        <p role="alert" className="failure">
          {failure}
        </p>
      )}
      {job?.kind === 'DATA_IMPORT' && (
        <Outcome {...{ job, isSettled, rejected }} reload={watching.load} />
      )}
      <Layers layers={layers} />
      {!isMissing && <History events={events} />}
    </>
  );
}

function Facts({ job }: { job: JobDetails }) {
  const now = useNow(!hasEnded(job));
  const { result } = job;
  return (
    <>
      <p className="job-state">
        <Status of={job} /> <JobProgress job={job} />
      </p>
      {job.error && (
        <p className="error">
          {job.error.message} <code>{job.error.code}</code>
        </p>
      )}
      <dl>
        <Fact name="Job">
          <code>{job.id}</code>
        </Fact>
        <Fact name="Kind">{kindOf(job)}</Fact>
        <Fact name="Attempt">
          {job.attempt} of {job.maxAttempts}
        </Fact>
        <Time name="Created" at={job.createdAt} />
        <Time name="Started" at={job.startedAt} />
        <Time name="Finished" at={job.finishedAt} />
        <Fact name="Took">{durationOf(job, now)}</Fact>
        <Fact name="Design">
          {result?.width &&
            `${result.width} × ${result.height}, ${result.colorMode}, ` +
              `${result.layerCount} layers`}
        </Fact>
        <Other name="Retry of" job={job.retryOf} />
        <Other name="Retried as" job={job.retriedAs} />
      </dl>
    </>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return children ? (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  ) : null;
}

function Time({ name, at }: { name: string; at: string | null }) {
  return <Fact name={name}>{at && <time dateTime={at}>{timeOf(at)}</time>}</Fact>;
}

function Other({ name, job }: { name: string; job: { id: string } | null }) {
  return (
    <Fact name={name}>
      {job && (
        <a href={addressOf(job.id)}>
          <code>{job.id}</code>
        </a>
      )}
    </Fact>
  );
}

interface SteeringProps {
  job: JobDetails;
  reload(): Promise<void>;
}

function Steering({ job, reload }: SteeringProps) {
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const canRetry = job.status === 'FAILED' || job.status === 'CANCELED';

  async function run(name: 'Cancel' | 'Retry'): Promise<void> {
    setBusy(true);
    setRefusal(null);
    try {
      const id = await steer(name, job.id);
      if (name === 'Retry') {
        goToJob(id);
      } else {
        await reload();
      }
    } catch (error) {
      setRefusal(describe(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <p className="steering">
      {!hasEnded(job) && (
        <button type="button" disabled={isBusy} onClick={() => run('Cancel')}>
          Cancel
        </button>
      )}
      {canRetry && !job.retriedAs && (
        <button type="button" disabled={isBusy} onClick={() => run('Retry')}>
          Retry
        </button>
      )}
      {job.result?.image && (
        <a href={reachable(job.result.image.url)} target="_blank" rel="noreferrer">
          Open the whole picture
        </a>
      )}
      {refusal && (
        <span role="alert" className="error">
          {refusal}
        </span>
      )}
    </p>
  );
}
