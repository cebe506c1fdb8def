import { timeOf } from '../format';
import { addressOf, datasetOf, importOf } from '../navigation';
import { hasEnded } from '../types';
import type { JobDetails } from '../types';
import { RejectedRows, RejectedSoFar } from './rejected-rows';
import { ReportButton } from './report-button';
import { Stages } from './stages';
import { UndoButton } from './undo-button';
import type { ImportResult, RowError } from './types';

interface Props {
  job: JobDetails;
  /** The job has ended, and its result is the last. */
  isSettled: boolean;
  /** What the job's events have told of rejected rows. */
  rejected: readonly RowError[];
  reload(): Promise<void>;
}

/** What an import has done so far, and what can be done about it. */
export function Outcome({ job, isSettled, rejected, reload }: Props) {
  const result = job.result?.rowsRead === undefined ? null : (job.result as ImportResult);
  if (!isSettled || !result) {
    return (
      <>
        {!hasEnded(job) && <Stages job={job} />}
        <RejectedSoFar errors={rejected} />
      </>
    );
  }
  return (
    <section aria-labelledby="outcome-title" className="outcome">
      <h3 id="outcome-title">{titleOf(job, result)}</h3>
      <Counts of={result} />
      <Earlier of={result} />
      {result.undoneAt && <p role="status">Taken back {timeOf(result.undoneAt)}.</p>}
      <p className="steering">
        <WhereTheyAre of={result} />
        <a href={importOf(result.file.id)}>{againOf(result)}</a>
        {result.hasReport && <ReportButton importId={result.id} />}
      </p>
      {canUndo(job, result) && <UndoButton of={result} reload={reload} />}
      {result.rowsRejected > 0 && <RejectedRows importId={result.id} />}
    </section>
  );
}

function titleOf({ status }: JobDetails, { dryRun }: ImportResult): string {
  if (status !== 'SUCCEEDED') {
    return 'Nothing was stored';
  }
  return dryRun ? 'Tried only: nothing was stored' : 'What was done';
}

function againOf({ dryRun }: ImportResult): string {
  return dryRun ? 'Go on to the import' : 'Import this file again';
}

function canUndo({ status }: JobDetails, result: ImportResult): boolean {
  const { dryRun, undoneAt, mode, rowsInserted, rowsUpdated } = result;
  const isStored = status === 'SUCCEEDED' && !dryRun && !undoneAt;
  return isStored && mode !== 'REPLACE' && rowsInserted + rowsUpdated > 0;
}

function Counts({ of }: { of: ImportResult }) {
  const counts = {
    Read: of.rowsRead,
    Inserted: of.rowsInserted,
    Updated: of.rowsUpdated,
    Rejected: of.rowsRejected,
  };
  return (
    <dl className="counts">
      {Object.entries(counts).map(([name, count]) => (
        <div key={name} data-count={name.toLowerCase()}>
          <dt>{name}</dt>
          <dd>{count.toLocaleString()}</dd>
        </div>
      ))}
    </dl>
  );
}

function Earlier({ of: { duplicateOf } }: { of: ImportResult }) {
  return duplicateOf ? (
    <p className="warning">
      The same file was imported there before:{' '}
      <a href={addressOf(duplicateOf.job.id)}>{timeOf(duplicateOf.createdAt)}</a>.
    </p>
  ) : null;
}

function WhereTheyAre({ of: { dataset } }: { of: ImportResult }) {
  return dataset ? <a href={datasetOf(dataset.id)}>Rows of {dataset.name}</a> : null;
}
