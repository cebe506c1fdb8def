export const DESIGNS = ['.psd', '.psb'] as const;

export const TABLES = [
  '.xlsx',
  '.xlsm',
  '.xls',
  '.ods',
  '.csv',
  '.tsv',
  '.txt',
  '.zip',
] as const;

/** Tell by a file's name whether rows can be imported from it. */
export function isTable(filename: string): boolean {
  const name = filename.toLowerCase();
  return TABLES.some((ending) => name.endsWith(ending));
}
