import { ask, describe, watch } from './api';
import { createStore } from './store';
import { newer } from './types';
import type { Job, JobEvent } from './types';

interface Jobs {
  /** Newest first. */
  list: readonly Job[];
  total: number;
  /** Where the next page begins; null where there is none. */
  next: string | null;
  isLoaded: boolean;
  failure: string | null;
}

interface JobsPage {
  jobs: {
    totalCount: number;
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
    nodes: Job[];
  };
}

const AGAIN_MS = 2_000;

/** The caller's jobs, kept up to date. */
export const jobs = createStore<Jobs>({
  list: [],
  total: 0,
  next: null,
  isLoaded: false,
  failure: null,
});

/** Load the jobs, and follow all of them from before that on; begin anew when it fails. */
export async function followJobs(): Promise<void> {
  let stop = () => {};
  const again = (reason: string) => {
    stop();
    fail(reason);
    setTimeout(followJobs, AGAIN_MS);
  };
  try {
    const { eventCursor } = await ask<{ eventCursor: string }>('Place');
    stop = watch<JobEvent>('Feed', { after: eventCursor }, take, again);
    await reload();
  } catch (error) {
    again(describe(error));
  }
}

/** Load the newest jobs anew. */
async function reload(): Promise<void> {
  const before = new Set(jobs.get().list);
  const page = (await ask<JobsPage>('Jobs')).jobs;
  // What events have brought meanwhile is as new as the page, or newer.
  const fresh = jobs.get().list.filter((job) => !before.has(job));
  const list = new Map([...page.nodes, ...fresh].map((job) => [job.id, job]));
  jobs.set({
    list: sorted([...list.values()]),
    total: page.totalCount,
    next: page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null,
    isLoaded: true,
    failure: null,
  });
}

/** Load the jobs before those that are shown. */
export async function loadMore(): Promise<void> {
  const { list, next } = jobs.get();
  const page = (await ask<JobsPage>('Jobs', { after: next })).jobs;
  const shown = new Set(list.map((job) => job.id));
  jobs.set({
    ...jobs.get(),
    list: sorted([...list, ...page.nodes.filter((job) => !shown.has(job.id))]),
    total: page.totalCount,
    next: page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null,
  });
}

function take({ __typename, job }: JobEvent): void {
  if (__typename === 'EventGap') {
    reload().catch((error) => fail(describe(error)));
    return;
  }
  const { list, total, next, ...others } = jobs.get();
  const known = list.find(({ id }) => id === job.id);
  const isBelow = next !== null && job.id < (list.at(-1)?.id ?? '');
  if (!known && isBelow) {
    return;
  }
  const rest = list.filter(({ id }) => id !== job.id);
  jobs.set({
    ...others,
    next,
    list: sorted([...rest, newer(known, job)]),
    total: known ? total : total + 1,
  });
}

/** Ids are made in the order of time. */
function sorted(list: Job[]): Job[] {
  return list.sort((one, other) => (one.id < other.id ? 1 : -1));
}

function fail(failure: string): void {
  jobs.set({ ...jobs.get(), failure });
}
