import { readable } from '../format';
import { Scroller } from './scroller';
import type { RowError } from './types';

/** What is wrong with which row, and what to do about it. */
export function ErrorsTable({ errors }: { errors: readonly RowError[] }) {
  return (
    <Scroller label="Rejected rows">
      <table className="row-errors">
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">Column</th>
            <th scope="col">Value</th>
            <th scope="col">What to do</th>
          </tr>
        </thead>
        <tbody>
          {errors.map(({ id, row, column, value, code, message }) => (
            <tr key={id} data-code={code}>
              <th scope="row" data-name="Row">{row.toLocaleString()}</th>
              <td data-name="Column">{column ?? <small>the row</small>}</td>
              <td data-name="Value">{value ?? <small>empty</small>}</td>
              <td className="message">
                {message} <small>{readable(code)}</small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
