// What the programs beside this one share: what to watch, and how it is told.
import { createInterface } from 'node:readline';
import WebSocket from 'ws';
import { resuming } from '../../../web/resume/resume.js';

/** `{ urls, document }`, as the test gave it. */
export const asked = JSON.parse(process.argv[2]);

/** Call `watch({ id, after }, sink)` for each job that the test names on a line. */
export async function forEachJob(watch) {
  for await (const line of createInterface({ input: process.stdin })) {
    const job = JSON.parse(line);
    watch(job, telling(job.id));
  }
}

/** Print one fact as a line of JSON. */
function tell(fact) {
  process.stdout.write(`${JSON.stringify(fact)}\n`);
}

/** A sink that tells all that happens to one job. */
function telling(job) {
  return {
    next: ({ data, errors }) => tell({ job, event: data?.watched, errors }),
    error: (error) => tell({ job, error: String(error?.message ?? error) }),
    complete: () => tell({ job, complete: true }),
  };
}

let connections = 0;

/** Where the next connection goes: to each gateway in turn. */
export function nextUrl() {
  return asked.urls[connections++ % asked.urls.length];
}

export function connectedTo(url) {
  tell({ connected: url });
}

/** Options for graphql-ws. */
export const options = resuming({
  webSocketImpl: WebSocket,
  url: nextUrl,
  on: { connected: ({ url }) => connectedTo(url) },
});
