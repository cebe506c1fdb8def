import { Field } from './field';
import type { UserError } from './types';

interface Props {
  label: string;
  name: string;
  errors: readonly UserError[];
  /** What it is where nothing is chosen. */
  found: string;
  value: string;
  /** The words for each value. */
  names: Record<string, string>;
  change(value: string): void;
}

/** One of several values, or what is found without a choice. */
export function Choice({ label, name, errors, found, value, names, change }: Props) {
  return (
    <Field {...{ label, name, errors }}>
      {(control) => (
        <select
          {...control}
          value={value}
          onChange={({ target }) => change(target.value)}
        >
          <option value="">{found}</option>
          {Object.entries(names).map(([one, title]) => (
            <option key={one} value={one}>
              {title}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
