import type { ReadOptions, Settings } from './types';

export const NO_OPTIONS: ReadOptions = {
  sheet: '',
  headerRow: '',
  delimiter: '',
  encoding: '',
  dateOrder: '',
  timeZone: '',
  nullValues: '',
};

const NOTHING_CHOSEN: Settings = {
  target: '',
  datasetName: '',
  read: NO_OPTIONS,
  mapping: null,
  mode: 'APPEND',
  onRowError: 'SKIP',
  dryRun: false,
};

/** What was chosen for each file, so that a dry run leads back to it. */
const kept = new Map<string, Settings>();

export function settingsOf(fileId: string): Settings {
  return kept.get(fileId) ?? NOTHING_CHOSEN;
}

export function keep(fileId: string, settings: Settings): void {
  kept.set(fileId, settings);
}

let last = { input: '', key: '' };

/** A key that is the same for as long as the same thing is asked for. */
export function keyFor(input: string): string {
  if (last.input !== input) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    last = { input, key };
  }
  return last.key;
}

/** The next start is a new one, also of the same. */
export function forgetKey(): void {
  last = { input: '', key: '' };
}
