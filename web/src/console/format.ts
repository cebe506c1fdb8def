import { useEffect, useState } from 'react';
import { hasEnded } from './types';
import type { Job } from './types';

const KINDS: Record<string, string> = {
  PSD_PARSE: 'PSD parse',
  PSD_EXPORT: 'PSD export',
  DATA_IMPORT: 'Data import',
  BUSINESS_ANALYSIS: 'Analysis',
  BACKGROUND_GENERATION: 'Background',
};

/** "PSD parse"; of a kind that is not known here its own name, readably. */
export function kindOf({ kind }: Job): string {
  return KINDS[kind] ?? readable(kind);
}

/** `NEW_THING` as "New thing". */
export function readable(name: string): string {
  const words = name.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The file that a job works on, once it is known. */
export function fileOf({ result }: Job): string | null {
  return result?.file?.filename ?? null;
}

/** The last digits, by which a person tells one id from another. */
export function shortId(id: string): string {
  return id.slice(-8);
}

export function timeOf(at: string): string {
  const then = new Date(at);
  const isToday = then.toDateString() === new Date().toDateString();
  return isToday
    ? then.toLocaleTimeString()
    : then.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** How long a job has run, such as "4.2 s"; null where it has not begun. */
export function durationOf(job: Job, now: number): string | null {
  if (!job.startedAt) {
    return null;
  }
  const end = job.finishedAt ? Date.parse(job.finishedAt) : now;
  const seconds = Math.max(0, end - Date.parse(job.startedAt)) / 1000;
  if (seconds < 60) {
    return `${seconds.toFixed(hasEnded(job) ? 1 : 0)} s`;
  }
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** "layers 12 of 40" */
export function stageOf({ progress }: Job): string {
  const { stage, done, total } = progress;
  const whole = total === null ? '' : ` of ${total.toLocaleString()}`;
  return `${stage} ${done.toLocaleString()}${whole}`.trim();
}

/** "about 12 s left"; empty where it cannot be told. */
export function leftOf({ progress: { etaSeconds } }: Job): string {
  if (etaSeconds === null) {
    return '';
  }
  const seconds = Math.ceil(etaSeconds);
  return seconds < 90
    ? `about ${seconds} s left`
    : `about ${Math.round(seconds / 60)} min left`;
}

/** The time, each second anew while somebody needs it. */
export function useNow(isNeeded: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (isNeeded) {
      const timer = setInterval(() => setNow(Date.now()), 1000);
      return () => clearInterval(timer);
    }
  }, [isNeeded]);
  return now;
}
