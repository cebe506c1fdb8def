import { useLive } from '../live';
import type { LiveEvent } from '../live';

/** The running subscription's events, newest first, with the layers as they come. */
export function LiveEvents() {
  const events = useLive();
  const last = events.at(-1);
  if (!last) {
    return null;
  }
  const previews = events.flatMap((event) => event.previews);
  return (
    <>
      <h3 className="live-title">Live</h3>
      {last.progress && <ProgressOf event={last} />}
      {previews.length > 0 && (
        <ul className="live-previews" aria-label="Layers">
          {previews.map(({ name, url }) => (
            <li key={url}>
              <a href={url} target="_blank" rel="noreferrer" title={name}>
                <img src={url} alt={name} loading="lazy" />
              </a>
            </li>
          ))}
        </ul>
      )}
      <ol className="live-events" aria-label="Events" reversed>
        {events.toReversed().map((event) => (
          <EventLine key={event.number} event={event} />
        ))}
      </ol>
    </>
  );
}

function ProgressOf({ event: { progress, status } }: { event: LiveEvent }) {
  if (!progress) {
    return null;
  }
  const { fraction, stage, done, total } = progress;
  return (
    <p className="live-progress">
      <progress value={fraction} />
      <span>
        {status} · {stage} {done}
        {total !== null && ` of ${total}`}
      </span>
    </p>
  );
}

function EventLine({ event }: { event: LiveEvent }) {
  const { name, at, progress, message, previews } = event;
  const percent = progress && `${Math.floor(progress.fraction * 100)}%`;
  return (
    <li>
      <time dateTime={at}>{new Date(at).toLocaleTimeString()}</time>{' '}
      <b data-event={name}>{name}</b>{' '}
      {previews.length > 0 && `${countOf(previews)} `}
      {message ?? percent}
    </li>
  );
}

function countOf(previews: readonly unknown[]): string {
  return previews.length === 1 ? '1 layer' : `${previews.length} layers`;
}
