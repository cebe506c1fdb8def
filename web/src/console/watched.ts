import { ask, watch } from './api';
import { createStore } from './store';
import { hasEnded, newer } from './types';
import type { JobDetails, Layer, WatchedEvent } from './types';

/** One job as it is followed, with all that has happened to it as far as it is known. */
export interface Watched {
  job: JobDetails | null;
  isMissing: boolean;
  events: readonly WatchedEvent[];
  layers: ReadonlyMap<string, Layer>;
  failure: string | null;
}

const NOTHING: Watched = {
  job: null,
  isMissing: false,
  events: [],
  layers: new Map(),
  failure: null,
};

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

  async function load(): Promise<void> {
    const before = store.get().events.length;
    const { job } = await ask<{ job: JobDetails | null }>('Job', { id });
    // What events have brought meanwhile is as new as the answer, or newer.
    const fresh = store.get().events.slice(before).at(-1)?.job;
    change({
      job: job && { ...job, ...fresh, result: job.result },
      isMissing: job === null,
      layers: withLayers(store.get().layers, job?.result?.layers?.nodes ?? []),
    });
  }

  function take(event: WatchedEvent): void {
    const { job, layers, events } = store.get();
    change({
      job: job && { ...job, ...newer(job, event.job), result: job.result },
      events: [...events, event],
      layers: withLayers(layers, event.layers ?? []),
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
