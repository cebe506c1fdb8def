import { useState } from 'react';
import { describe } from './api';
import { durationOf, fileOf, kindOf, shortId, timeOf, useNow } from './format';
import { JobProgress, Status } from './job-parts';
import { jobs, loadMore } from './jobs';
import { addressOf } from './navigation';
import { useStore } from './store';
import { hasEnded } from './types';
import type { Job } from './types';

/** All jobs, newest first. */
export function JobsTable({ open }: { open: string | null }) {
  const { list, total, next, isLoaded, failure } = useStore(jobs);
  const now = useNow(list.some((job) => !hasEnded(job)));
  return (
    <section className="jobs" aria-labelledby="jobs-title">
      <h1 id="jobs-title">
        Jobs {isLoaded && <small>{total.toLocaleString()}</small>}
      </h1>
      {failure && (
        <p role="alert" className="failure">
          {failure}
        </p>
      )}
      {isLoaded && list.length === 0 && <NoJobs />}
      {list.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">Status</th>
              <th scope="col">Progress</th>
              <th scope="col">Attempt</th>
              <th scope="col">Created</th>
              <th scope="col">Took</th>
            </tr>
          </thead>
          <tbody>
            {list.map((job) => (
              <JobRow key={job.id} job={job} now={now} isOpen={job.id === open} />
            ))}
          </tbody>
        </table>
      )}
      {next !== null && <More />}
    </section>
  );
}

interface RowProps {
  job: Job;
  now: number;
  isOpen: boolean;
}

function JobRow({ job, now, isOpen }: RowProps) {
  return (
    <tr data-job={job.id} className={isOpen ? 'open' : undefined}>
      <th scope="row">
        <a href={addressOf(job.id)} aria-current={isOpen ? 'true' : undefined}>
          {fileOf(job) ?? kindOf(job)}
        </a>
        <small>
          {fileOf(job) && `${kindOf(job)} · `}
          <code>{shortId(job.id)}</code>
        </small>
        {job.error && <p className="error">{job.error.message}</p>}
      </th>
      <td data-name="Status">
        <Status of={job} />
      </td>
      <td data-name="Progress">
        <JobProgress job={job} />
      </td>
      <td data-name="Attempt">
        {job.attempt} of {job.maxAttempts}
      </td>
      <td data-name="Created">
        <time dateTime={job.createdAt}>{timeOf(job.createdAt)}</time>
      </td>
      <td data-name="Took">{durationOf(job, now) ?? '–'}</td>
    </tr>
  );
}

function More() {
  const [isLoading, setLoading] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function load(): Promise<void> {
    setLoading(true);
    setFailure(null);
    try {
      await loadMore();
    } catch (error) {
      setFailure(describe(error));
    } finally {
      setLoading(false);
    }
  }

  return (
    <p className="more">
      <button type="button" disabled={isLoading} onClick={load}>
        Show older jobs
      </button>
      {failure && <span role="alert">{failure}</span>}
    </p>
  );
}

function NoJobs() {
  return (
    <div className="empty">
      <h2>No jobs yet</h2>
      <p>
        Drop a Photoshop file above: it is parsed, and its layers appear here while they
        are exported. Drop an Excel or CSV file: you see what is in it, and then its rows
        are stored.
      </p>
      <p>
        Programs start jobs through the API: <a href="/graphql">GraphiQL</a> has
        operations that work as they stand.
      </p>
    </div>
  );
}
