import { Choice } from './choice';
import { Field } from './field';
import type { Preview, ReadOptions, UserError } from './types';
import { ValueFields } from './value-fields';

interface Props {
  read: ReadOptions;
  preview: Preview;
  errors: readonly UserError[];
  change(part: Partial<ReadOptions>): void;
}

const DELIMITERS: Record<string, string> = {
  ',': 'Comma ,',
  ';': 'Semicolon ;',
  '\t': 'Tab',
  '|': 'Bar |',
};

const ENCODINGS: Record<string, string> = {
  'utf-8': 'UTF-8',
  'utf-16': 'UTF-16',
  gb18030: 'Chinese (GB18030, GBK)',
  cp1252: 'Western European (Windows)',
};

/** How the file is read, where the server has found something else than it should. */
export function ReadFields({ read, preview, errors, change }: Props) {
  const { sheets, headerRow, delimiter, encoding } = preview;
  return (
    <fieldset>
      <legend>How the file is read</legend>
      {sheets.length > 1 && (
        <Choice
          {...{ label: 'Sheet', name: 'sheet', errors, found: 'The first with rows' }}
          value={read.sheet}
          names={Object.fromEntries(sheets.map((sheet) => [sheet, sheet]))}
          change={(sheet) => change({ sheet, headerRow: '' })}
        />
      )}
      <Field label="Row of the headings" name="headerRow" errors={errors}>
        {(control) => (
          <input
            {...control}
            type="number"
            min="1"
            inputMode="numeric"
            value={read.headerRow}
            placeholder={headerRow ? `${headerRow} (found)` : 'none (found)'}
            onChange={({ target }) => change({ headerRow: target.value })}
          />
        )}
      </Field>
      {delimiter !== null && (
        <Choice
          {...{ label: 'Between the fields', name: 'delimiter', errors }}
          found={`${DELIMITERS[delimiter] ?? delimiter} (found)`}
          value={read.delimiter}
          names={DELIMITERS}
          change={(chosen) => change({ delimiter: chosen })}
        />
      )}
      {encoding !== null && (
        <Choice
          {...{ label: 'Encoding', name: 'encoding', errors }}
          found={`${ENCODINGS[encoding.toLowerCase()] ?? encoding} (found)`}
          value={read.encoding}
          names={ENCODINGS}
          change={(chosen) => change({ encoding: chosen })}
        />
      )}
      <ValueFields {...{ read, errors, change }} />
    </fieldset>
  );
}
