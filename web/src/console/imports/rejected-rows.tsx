import { useCallback } from 'react';
import { ErrorsTable } from './errors-table';
import { More } from './more';
import { loadErrors } from './requests';
import { usePages } from './use-pages';
import type { RowError } from './types';

/** The rows that a running import has rejected so far: a sample where there are many. */
export function RejectedSoFar({ errors }: { errors: readonly RowError[] }) {
  return errors.length ? (
    <section aria-labelledby="rejected-title">
      <h3 id="rejected-title">
        Rejected so far <small>a sample, where there are many</small>
      </h3>
      <ErrorsTable errors={errors.toReversed()} />
    </section>
  ) : null;
}

/** All rows that an import has rejected, page by page. */
export function RejectedRows({ importId }: { importId: string }) {
  const load = useCallback(
    (after: string | null) => loadErrors(importId, after),
    [importId],
  );
  const pages = usePages<RowError>(load);
  const { items, total } = pages;
  return (
    <section aria-labelledby="rejected-title">
      <h3 id="rejected-title">
        What is wrong with them <small>{total?.toLocaleString()}</small>
      </h3>
      {items.length > 0 && <ErrorsTable errors={items} />}
      <More words="Show more" pages={pages} />
    </section>
  );
}
