import { stageOf } from './format';
import type { WatchedEvent } from './types';

/** What happened to a job, newest first. */
export function History({ events }: { events: readonly WatchedEvent[] }) {
  return (
    <section aria-labelledby="history-title">
      <h3 id="history-title">
        Events <small>{events.length}</small>
      </h3>
      <ol className="history" reversed>
        {events.toReversed().map((event) => (
          <li key={event.cursor + event.__typename} data-event={event.__typename}>
            <time dateTime={event.at}>{new Date(event.at).toLocaleTimeString()}</time>
            <b>{nameOf(event)}</b>
            <span>{partOf(event)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const NAMES: Record<string, string> = {
  JobSnapshot: 'As it stood',
  EventGap: 'Events are missing here',
};

/** "JobSucceeded" as "Succeeded", "PsdLayersExported" as "Layers exported". */
function nameOf({ __typename }: WatchedEvent): string {
  const bare = __typename.replace(/^(Job|Psd)(?=[A-Z])/, '');
  const words = bare.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return NAMES[__typename] ?? words;
}

function partOf({ __typename, job, layers, errors }: WatchedEvent): string {
  if (layers) {
    return layers.map(({ name }) => name).join(', ');
  }
  if (errors) {
    return `rows ${[...new Set(errors.map(({ row }) => row))].join(', ')}`;
  }
  switch (__typename) {
    case 'JobStarted':
      return `attempt ${job.attempt} of ${job.maxAttempts}`;
    case 'JobProgressed':
    case 'JobSnapshot':
      return `${Math.floor(job.progress.fraction * 100)} % ${stageOf(job)}`;
    case 'JobRetrying':
    case 'JobFailed':
      return job.error?.message ?? '';
    default:
      return '';
  }
}
