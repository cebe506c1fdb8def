import { useSyncExternalStore } from 'react';

const JOB = /^#\/jobs\/(job_[0-9a-f]+)$/;

/** The address of a job's page. */
export function addressOf(id: string): string {
  return `#/jobs/${id}`;
}

/** The job that the address names, or null. */
export function useJobInAddress(): string | null {
  const hash = useSyncExternalStore(followAddress, () => location.hash);
  return JOB.exec(hash)?.[1] ?? null;
}

function followAddress(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

export function goTo(id: string): void {
  location.hash = addressOf(id);
}

/** Close a job's page, and lead whoever uses the keyboard back to its row. */
export function closeJob(id: string): void {
  location.hash = '#/';
  document.querySelector<HTMLElement>(`main a[href="${addressOf(id)}"]`)?.focus();
}
