import { Header } from './header';
import { JobPage } from './job-page';
import { JobsTable } from './jobs-table';
import { useJobInAddress } from './navigation';
import { UploadCard } from './upload-card';

/** The whole page: the jobs, and beside them the one that the address names. */
export function Console() {
  const id = useJobInAddress();
  return (
    <>
      <Header />
      <main className={id ? 'with-job' : undefined}>
        <div className="jobs-side">
          <UploadCard />
          <JobsTable open={id} />
        </div>
        {id && <JobPage key={id} id={id} />}
      </main>
    </>
  );
}
