import { useSyncExternalStore } from 'react';
import { reachable } from './server';

/** What the panel shows of one event of the running subscription. */
export interface LiveEvent {
  /** Counts up over all subscriptions of this page. */
  number: number;
  name: string;
  at: string;
  status: string | null;
  progress: Progress | null;
  message: string | null;
  previews: Preview[];
}

export interface Progress {
  fraction: number;
  stage: string;
  done: number;
  total: number | null;
}

export interface Preview {
  name: string;
  url: string;
}

/** The fields that an operation may have asked for; any of them may be missing. */
interface Selected {
  __typename?: string;
  subject?: string;
  at?: string;
  status?: string;
  job?: { status?: string; progress?: Progress } | null;
  error?: { message?: string };
  layers?: { name: string; preview?: { url: string } | null }[];
}

const KEPT = 500;

let events: readonly LiveEvent[] = [];
let counted = 0;
const listeners = new Set<() => void>();

function publish(next: readonly LiveEvent[]): void {
  events = next;
  listeners.forEach((listener) => listener());
}

/** Forget what an earlier subscription has brought. */
export function startLive(): void {
  publish([]);
}

/** Note one result of the running subscription, oldest first. */
export function noteLive(result: unknown): void {
  const data = (result as { data?: Record<string, unknown> | null }).data;
  const root = Object.values(data ?? {})[0];
  if (root && typeof root === 'object') {
    publish([...events, describe(root)].slice(-KEPT));
  }
}

function describe(selected: Selected): LiveEvent {
  counted += 1;
  return {
    number: counted,
    name: selected.subject ?? selected.__typename ?? 'Event',
    at: selected.at ?? new Date().toISOString(),
    status: selected.job?.status ?? selected.status ?? null,
    progress: selected.job?.progress ?? null,
    message: selected.error?.message ?? null,
    previews: (selected.layers ?? []).flatMap(({ name, preview }) =>
      preview ? [{ name, url: reachable(preview.url) }] : [],
    ),
  };
}

/** The events of the running (or last) subscription. */
export function useLive(): readonly LiveEvent[] {
  return useSyncExternalStore(subscribe, () => events);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
