import { useEffect, useRef } from 'react';
import { timeOf } from '../format';
import { datasetOf } from '../navigation';
import { More } from './more';
import { loadDatasets } from './requests';
import { usePages } from './use-pages';
import type { DatasetSummary } from './types';

/** All tables that may be looked into, newest first. */
export function DatasetsPage() {
  const pages = usePages<DatasetSummary>(loadDatasets);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const { items, total, failure } = pages;
  return (
    <article className="jobs" aria-labelledby="datasets-title">
      <p className="back">
        <a href="#/">All jobs</a>
      </p>
      <h1 id="datasets-title" ref={title} tabIndex={-1}>
        Datasets {total !== null && <small>{total.toLocaleString()}</small>}
      </h1>
      {items.length > 0 && <DatasetsTable datasets={items} />}
      {total === 0 && !failure && (
        <p>None yet. Import an Excel or CSV file on the page of all jobs.</p>
      )}
      <More words="Show more datasets" pages={pages} />
    </article>
  );
}

function DatasetsTable({ datasets }: { datasets: readonly DatasetSummary[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Rows</th>
          <th scope="col">Made</th>
        </tr>
      </thead>
      <tbody>
        {datasets.map(({ id, name, target, rowCount, createdAt }) => (
          <tr key={id} data-dataset={id}>
            <th scope="row">
              <a href={datasetOf(id)}>{name}</a>
              {target && <small>everybody’s</small>}
            </th>
            <td data-name="Rows">{rowCount.toLocaleString()}</td>
            <td data-name="Made">
              <time dateTime={createdAt}>{timeOf(createdAt)}</time>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
