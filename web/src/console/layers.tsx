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
            <a href={reachable(preview!.url)} target="_blank" rel="noreferrer">
              <img src={reachable(preview!.url)} alt={name} title={name} loading="lazy" />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
