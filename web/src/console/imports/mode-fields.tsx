import { Choice } from './choice';
import { messagesFor } from './field';
import type { Mode, Settings, Target, UserError } from './types';

interface Props {
  settings: Settings;
  target: Target | undefined;
  errors: readonly UserError[];
  change(part: Partial<Settings>): void;
}

/** What is done with the rows. */
export function ModeFields({ settings, target, errors, change }: Props) {
  return (
    <fieldset>
      <legend>What is done with them</legend>
      {target && <Modes {...{ settings, target, errors, change }} />}
      <Choice
        {...{ label: 'If a row is wrong', name: 'onRowError', errors }}
        found="Leave it out, and store the others"
        value={settings.onRowError === 'SKIP' ? '' : settings.onRowError}
        names={{ ABORT: 'Store nothing at all' }}
        change={(policy) => change({ onRowError: policy === 'ABORT' ? policy : 'SKIP' })}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={settings.dryRun}
          onChange={(event) => change({ dryRun: event.target.checked })}
        />
        Only try it: check each row and report, store nothing
      </label>
    </fieldset>
  );
}

const MODES: Record<Mode, string> = {
  APPEND: 'Append: add the rows; one whose key is there already is rejected',
  UPSERT: 'Upsert: add the rows; one whose key is there already updates that row',
  REPLACE: 'Replace: take out all that is there, and put these rows in its place',
};

function Modes({ settings, target, errors, change }: Props & { target: Target }) {
  const keys = target.columns.filter(({ key }) => key).map(({ title }) => title);
  const messages = messagesFor(errors, 'mode');
  return (
    <div role="radiogroup" aria-label="Mode" className="field" data-field="mode">
      {Object.entries(MODES).map(([mode, words]) => (
        <label key={mode} className="check">
          <input
            type="radio"
            name="mode"
            checked={settings.mode === mode}
            onChange={() => change({ mode: mode as Mode })}
          />
          {words}
        </label>
      ))}
      {keys.length > 0 && <small>The key is {keys.join(', ')}.</small>}
      {messages.length > 0 && (
        <p role="alert" className="error">
          {messages.join('\n')}
        </p>
      )}
    </div>
  );
}
