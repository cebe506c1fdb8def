import type { ImportResult, RowError } from './imports/types';

export type JobStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELED';

/** A job as the list shows it; kinds and statuses may come that are not known here. */
export interface Job {
  id: string;
  kind: string;
  status: JobStatus;
  attempt: number;
  maxAttempts: number;
  progress: {
    fraction: number;
    stage: string;
    done: number;
    total: number | null;
    etaSeconds: number | null;
  };
  error: { code: string; message: string; retryable: boolean } | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  result: { id?: string; file?: { filename: string } } | null;
}

export interface Layer {
  id: string;
  name: string;
  index: number;
  preview: { url: string } | null;
}

/** What the page of one job shows beside its row. */
export interface JobDetails extends Job {
  retryOf: { id: string } | null;
  retriedAs: { id: string } | null;
  result:
    | (NonNullable<Job['result']> & {
        width?: number;
        height?: number;
        colorMode?: string;
        layerCount?: number;
        image?: { url: string } | null;
        layers?: { nodes: Layer[] };
      } & Partial<ImportResult>)
    | null;
}

export interface JobEvent {
  __typename: string;
  cursor: string;
  job: Job;
}

export interface WatchedEvent extends JobEvent {
  at: string;
  layers?: Layer[];
  errors?: RowError[];
}

export function hasEnded({ status }: Job): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED' || status === 'CANCELED';
}

/** What has ended stays so: an event from before a row was loaded may come behind it. */
export function newer<Known extends Job>(known: Known | undefined, job: Job): Job {
  return known && hasEnded(known) && !hasEnded(job) ? known : job;
}
