import { Choice } from './choice';
import { Field } from './field';
import type { ReadOptions, UserError } from './types';

interface Props {
  read: ReadOptions;
  errors: readonly UserError[];
  change(part: Partial<ReadOptions>): void;
}

const DATE_ORDERS: Record<string, string> = {
  DMY: 'Day first: 31/12/2025',
  MDY: 'Month first: 12/31/2025',
  YMD: 'Year first: 2025/12/31',
};

const ZONES = Object.fromEntries(
  Intl.supportedValuesOf('timeZone').map((zone) => [zone, zone.replaceAll('_', ' ')]),
);

/** How dates and empty values are read, where the file alone cannot tell. */
export function ValueFields({ read, errors, change }: Props) {
  return (
    <details>
      <summary>Dates and empty values</summary>
      <Choice
        {...{ label: 'Order of dates', name: 'dateOrder', errors }}
        found="As each column shows"
        value={read.dateOrder}
        names={DATE_ORDERS}
        change={(dateOrder) => change({ dateOrder })}
      />
      <Choice
        {...{ label: 'Time zone of times without one', name: 'timeZone', errors }}
        found="UTC"
        value={read.timeZone}
        names={ZONES}
        change={(timeZone) => change({ timeZone })}
      />
      <Field
        label="Texts that mean empty"
        name="nullValues"
        errors={errors}
        hint="With commas between them, such as NA, NULL"
      >
        {(control) => (
          <input
            {...control}
            value={read.nullValues}
            onChange={({ target }) => change({ nullValues: target.value })}
          />
        )}
      </Field>
    </details>
  );
}
