import { useState } from 'react';
import { reachable } from '../server';
import type { Layer } from './types';

/** The exported layers as they come, topmost first. */
export function Layers({ layers }: { layers: ReadonlyMap<string, Layer> }) {
  const shown = [...layers.values()]
    .filter((layer) => layer.preview)
    .sort((one, other) => other.index - one.index);
  if (!shown.length) {
    return null;
  }
  return (
    <section aria-labelledby="layers-title">
      <h3 id="layers-title">
        Layers <small>{shown.length}</small>
      </h3>
      <ul className="layers">
        {shown.map(({ id, name, preview }) => (
          <li key={id}>
            <Picture name={name} url={reachable(preview!.url)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const MOST_TRIES = 6;

/** A picture that is asked for again when the gateway went away in its middle. */
function Picture({ name, url }: { name: string; url: string }) {
  const [tries, setTries] = useState(0);

  function tryAgain(): void {
    if (tries < MOST_TRIES) {
      setTimeout(() => setTries(tries + 1), 500 * 2 ** tries);
    }
  }

  return (
    <a href={url} target="_blank" rel="noreferrer">
      <img
        key={tries}
        src={url}
        alt={name}
        title={name}
        loading="lazy"
        onError={tryAgain}
      />
    </a>
  );
}
