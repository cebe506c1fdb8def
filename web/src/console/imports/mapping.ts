import type { PreviewColumn, Settings, Target } from './types';

type Mapping = Readonly<Record<string, string>>;

/** The columns as the server maps the headings by itself; empty for none. */
export function automatic(columns: readonly PreviewColumn[]): Mapping {
  return Object.fromEntries(
    columns.map(({ heading, mapsTo }) => [heading, mapsTo ?? '']),
  );
}

/** The columns as they stand: what the person chose, else the automatic ones. */
export function mappingOf(
  { mapping }: Settings,
  columns: readonly PreviewColumn[],
): Mapping {
  const own = automatic(columns);
  return mapping
    ? Object.fromEntries(Object.keys(own).map((name) => [name, mapping[name] ?? '']))
    : own;
}

/** Give a heading's rows to a column, which no other heading has then. */
export function moved(mapping: Mapping, heading: string, column: string): Mapping {
  const others = Object.entries(mapping).map(([name, its]) => [
    name,
    its === column ? '' : its,
  ]);
  return { ...Object.fromEntries(others), [heading]: column };
}

/** What the server is sent; null where it is to map by itself. Empty leaves out. */
export function mappingInput(settings: Settings, columns: readonly PreviewColumn[]) {
  return settings.mapping === null
    ? null
    : Object.entries(mappingOf(settings, columns)).map(([heading, column]) => ({
        heading,
        column,
      }));
}

/** The titles of columns that each row needs and no heading has. */
export function missing(target: Target, mapping: Mapping): string[] {
  const there = new Set(Object.values(mapping));
  return target.columns
    .filter(({ name, required }) => required && !there.has(name))
    .map(({ title }) => title);
}
