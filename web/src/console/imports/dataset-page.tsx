import { useCallback, useEffect, useRef, useState } from 'react';
import { timeOf } from '../format';
import { DATASETS } from '../navigation';
import { More } from './more';
import { loadDataset } from './requests';
import { RowsTable } from './rows-table';
import { usePages } from './use-pages';
import type { Dataset, Page } from './types';

type Row = Dataset['rows']['nodes'][number];

const NO_ROWS: Page<Row> = {
  pageInfo: { hasNextPage: false, endCursor: null },
  nodes: [],
};

/** A dataset's rows, page by page. */
export function DatasetPage({ id }: { id: string }) {
  const [dataset, setDataset] = useState<Dataset | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const load = useCallback(
    async (after: string | null) => {
      const found = await loadDataset(id, after);
      setDataset(found);
      return found?.rows ?? NO_ROWS;
    },
    [id],
  );
  const pages = usePages<Row>(load);
  useEffect(() => title.current?.focus(), [id]);
  const { items, isLoading, failure } = pages;
  const isMissing = !dataset && !isLoading && !failure;
  return (
    <article className="dataset" aria-labelledby="dataset-title">
      <p className="back">
        <a href={DATASETS}>All datasets</a>
      </p>
      <h1 id="dataset-title" ref={title} tabIndex={-1}>
        {isMissing ? 'There is no such dataset' : (dataset?.name ?? 'Dataset')}
      </h1>
      {dataset && <Facts of={dataset} shown={items.length} />}
      {dataset && items.length > 0 && (
        <RowsTable
          label={`Rows of ${dataset.name}`}
          headings={dataset.columns.map(({ name }) => name)}
          rows={items.map(({ values }) => values)}
        />
      )}
      <More words="Show more rows" pages={pages} />
    </article>
  );
}

function Facts({ of, shown }: { of: Dataset; shown: number }) {
  const { rowCount, columns, createdAt } = of;
  return (
    <p role="status">
      {shown.toLocaleString()} of {rowCount.toLocaleString()} rows are shown, with{' '}
      {columns.length} columns; made {timeOf(createdAt)}.
    </p>
  );
}
