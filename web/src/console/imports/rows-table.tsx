import { Scroller } from './scroller';

interface Props {
  label: string;
  headings: readonly string[];
  rows: readonly (readonly unknown[])[];
}

/** Rows as they are, with their headings. */
export function RowsTable({ label, headings, rows }: Props) {
  return (
    <Scroller label={label}>
      <table className="rows">
        <thead>
          <tr>
            {headings.map((heading, at) => (
              <th key={at} scope="col">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((values, row) => (
            <tr key={row}>
              {values.map((value, at) => (
                <td key={at}>{value === null ? <Nothing /> : String(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}

function Nothing() {
  return <small>empty</small>;
}
