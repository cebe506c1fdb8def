import { useSyncExternalStore } from 'react';

/** What an address leads to. */
export interface Place {
  kind: 'job' | 'import' | 'dataset' | 'datasets';
  /** Empty where there is one such place only. */
  id: string;
}

const PLACES: Record<Place['kind'], RegExp> = {
  job: /^#\/jobs\/(job_[0-9a-f]+)$/,
  import: /^#\/import\/(file_[0-9a-f]+)$/,
  dataset: /^#\/datasets\/(dataset_[0-9a-f]+)$/,
  datasets: /^#\/datasets()$/,
};

/** The address of a job's page. */
export function addressOf(id: string): string {
  return `#/jobs/${id}`;
}

/** The address of the page that imports a file. */
export function importOf(fileId: string): string {
  return `#/import/${fileId}`;
}

/** The address of a dataset's page. */
export function datasetOf(id: string): string {
  return `#/datasets/${id}`;
}

/** The address of the page of all datasets. */
export const DATASETS = '#/datasets';

/** What the address names beside the jobs, or null. */
export function usePlace(): Place | null {
  const hash = useSyncExternalStore(followAddress, () => location.hash);
  for (const [kind, form] of Object.entries(PLACES)) {
    const id = form.exec(hash)?.[1];
    if (id !== undefined) {
      return { kind: kind as Place['kind'], id };
    }
  }
  return null;
}

function followAddress(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

export function goToJob(id: string): void {
  location.hash = addressOf(id);
}

export function goToImport(fileId: string): void {
  location.hash = importOf(fileId);
}

/** Close a job's page, and lead whoever uses the keyboard back to its row. */
export function closeJob(id: string): void {
  location.hash = '#/';
  document.querySelector<HTMLElement>(`main a[href="${addressOf(id)}"]`)?.focus();
}
