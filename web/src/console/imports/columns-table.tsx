import { readable } from '../format';
import { Scroller } from './scroller';
import type { PreviewColumn, Target } from './types';

interface Props {
  columns: readonly PreviewColumn[];
  target: Target | undefined;
  mapping: Readonly<Record<string, string>>;
  map(heading: string, column: string): void;
}

/** What each column of the file holds, and where it goes. */
export function ColumnsTable({ columns, target, mapping, map }: Props) {
  return (
    <Scroller label="Columns of the file">
      <table>
        <thead>
          <tr>
            <th scope="col">Heading</th>
            {target && <th scope="col">Goes to</th>}
            <th scope="col">Type</th>
            <th scope="col">Samples</th>
          </tr>
        </thead>
        <tbody>
          {columns.map((column) => (
            <tr key={column.heading} data-heading={column.heading}>
              <th scope="row">{column.heading}</th>
              {target && (
                <td>
                  <ColumnChoice {...{ column, target, mapping, map }} />
                </td>
              )}
              <td>{readable(column.type)}</td>
              <td className="samples">{column.samples.join(' · ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}

interface ChoiceProps extends Pick<Props, 'mapping' | 'map'> {
  column: PreviewColumn;
  target: Target;
}

function ColumnChoice({ column, target, mapping, map }: ChoiceProps) {
  const { heading, mapsTo } = column;
  return (
    <select
      aria-label={`${heading} goes to`}
      value={mapping[heading] ?? ''}
      onChange={(event) => map(heading, event.target.value)}
    >
      <option value="">Left out</option>
      {target.columns.map(({ name, title, required, key }) => (
        <option key={name} value={name}>
          {title}
          {required ? ', required' : ''}
          {key ? ', key' : ''}
          {name === mapsTo ? ' (found)' : ''}
        </option>
      ))}
    </select>
  );
}
