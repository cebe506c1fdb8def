import { Field } from './field';
import type { Settings, Target, UserError } from './types';

interface Props {
  settings: Settings;
  targets: readonly Target[];
  filename: string;
  errors: readonly UserError[];
  change(part: Partial<Settings>): void;
}

/** Where the rows go: to a table that is there, or to a new one. */
export function TargetFields({ settings, targets, filename, errors, change }: Props) {
  return (
    <fieldset>
      <legend>Where the rows go</legend>
      <Field label="Import into" name="target" errors={errors}>
        {(control) => (
          <select
            {...control}
            value={settings.target}
            onChange={({ target }) => change({ target: target.value, mapping: null })}
          >
            <option value="">A new dataset</option>
            {targets.map(({ name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        )}
      </Field>
      {!settings.target && (
        <Field label="Name of the dataset" name="datasetName" errors={errors}>
          {(control) => (
            <input
              {...control}
              value={settings.datasetName}
              placeholder={filename}
              onChange={({ target }) => change({ datasetName: target.value })}
            />
          )}
        </Field>
      )}
    </fieldset>
  );
}
