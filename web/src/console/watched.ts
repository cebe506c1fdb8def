import { ask, watch } from './api';
import { createStore } from './store';
import { hasEnded, newer } from './types';
import type { RowError } from './imports/types';
import type { JobDetails, Layer, WatchedEvent } from './types';

/** One job as it is followed, with all that has happened to it as far as it is known. */
export interface Watched {
  job: JobDetails | null;
  isMissing: boolean;
  /** It has ended, and its result is what it ended with. */
  isSettled: boolean;
  events: readonly WatchedEvent[];
  layers: ReadonlyMap<string, Layer>;
  /** The newest rows that an import has rejected, as far as its events tell. */
  rejected: readonly RowError[];
  failure: string | null;
}

const NOTHING: Watched = {
  job: null,
  isMissing: false,
  isSettled: false,
  events: [],
  layers: new Map(),
  rejected: [],
  failure: null,
};

const MOST_REJECTED = 100;

/** The cursors that jobs were started with: from there on their history is whole. */
const beginnings = new Map<string, string>();

export function beginWatching(id: string, after: string | null): void {
  if (after) {
    beginnings.set(id, after);
  }
}

/** Follow a job until `stop`. */
export function watchJob(id: string, failed: (error: unknown) => void) {
  const store = createStore<Watched>(NOTHING);
  const change = (part: Partial<Watched>) => store.set({ ...store.get(), ...part });

  let asked = 0;
  let answered = 0;

  async function load(): Promise<void> {
    asked += 1;
    const turn = asked;
    const before = store.get().events.length;
    const { job } = await ask<{ job: JobDetails | null }>('Job', { id });
    if (turn < answered) {
      return; // A later question was answered first, by a newer state.
    }
    answered = turn;
    // What events have brought meanwhile is as new as the answer, or newer.
    const fresh = store.get().events.slice(before).at(-1)?.job;
    change({
      job: job && { ...job, ...fresh, result: job.result },
      isMissing: job === null,
      isSettled: job !== null && hasEnded(job),
      layers: withLayers(store.get().layers, job?.result?.layers?.nodes ?? []),
    });
  }

  function take(event: WatchedEvent): void {
    const { job, layers, events, rejected } = store.get();
    change({
      job: job && { ...job, ...newer(job, event.job), result: job.result },
      events: [...events, event],
      layers: withLayers(layers, event.layers ?? []),
      rejected: withErrors(rejected, event),
    });
    // What has become of it is not in the events: its result, and its retry.
    if (hasEnded(event.job) || event.__typename === 'PsdPreviewReady') {
      load().catch(failed);
    }
  }

  const after = beginnings.get(id);
  const stop = watch<WatchedEvent>('Watch', { id, after }, take, (failure) =>
    change({ failure }),
  );
  load().catch(failed);
  return { store, stop, load };
}

function withLayers(
  known: ReadonlyMap<string, Layer>,
  more: Layer[],
): ReadonlyMap<string, Layer> {
  const all = [...known.values(), ...more].map((layer) => [layer.id, layer] as const);
  return new Map(all);
}

function withErrors(
  known: readonly RowError[],
  { __typename, errors }: WatchedEvent,
): readonly RowError[] {
  // An attempt begins anew, and so do its errors.
  const kept = __typename === 'JobStarted' ? [] : known;
  return errors ? [...kept, ...errors].slice(-MOST_REJECTED) : kept;
}
