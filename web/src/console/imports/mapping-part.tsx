import { ColumnsTable } from './columns-table';
import { messagesFor } from './field';
import { mappingOf, missing, moved } from './mapping';
import type { Preview, Settings, Target, UserError } from './types';

interface Props {
  settings: Settings;
  preview: Preview;
  target: Target | undefined;
  errors: readonly UserError[];
  change(part: Partial<Settings>): void;
}

/** The columns, where they go, and what is wrong with that. */
export function Mapping({ settings, preview, target, errors, change }: Props) {
  const { columns } = preview;
  const mapping = mappingOf(settings, columns);
  const absent = target ? missing(target, mapping) : [];
  const messages = messagesFor(errors, 'mapping');
  return (
    <section aria-labelledby="columns-title">
      <h2 id="columns-title">
        Columns <small>{columns.length}</small>
      </h2>
      {absent.length > 0 && (
        <p role="status" className="warning">
          Each row needs {absent.join(', ')}, and no heading goes there.
        </p>
      )}
      {messages.length > 0 && (
        <p role="alert" className="error">
          {messages.join('\n')}
        </p>
      )}
      <ColumnsTable
        {...{ columns, target, mapping }}
        map={(heading, column) => change({ mapping: moved(mapping, heading, column) })}
      />
    </section>
  );
}
