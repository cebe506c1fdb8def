import { DatasetPage } from './imports/dataset-page';
import { DatasetsPage } from './imports/datasets-page';
import { ImportPage } from './imports/import-page';
import { Header } from './header';
import { JobPage } from './job-page';
import { JobsTable } from './jobs-table';
import { usePlace } from './navigation';
import { UploadCard } from './upload-card';

/** The whole page: the jobs and the one that the address names, or what else it names. */
export function Console() {
  const place = usePlace();
  return (
    <>
      <Header />
      {place?.kind === 'import' ? (
        <main>
          <ImportPage key={place.id} fileId={place.id} />
        </main>
      ) : place?.kind === 'dataset' ? (
        <main>
          <DatasetPage key={place.id} id={place.id} />
        </main>
      ) : place?.kind === 'datasets' ? (
        <main>
          <DatasetsPage />
        </main>
      ) : (
        <Jobs open={place?.id ?? null} />
      )}
    </>
  );
}

function Jobs({ open }: { open: string | null }) {
  return (
    <main className={open ? 'with-job' : undefined}>
      <div className="jobs-side">
        <UploadCard />
        <JobsTable open={open} />
      </div>
      {open && <JobPage key={open} id={open} />}
    </main>
  );
}
