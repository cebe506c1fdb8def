/** What was wrong with what the page sent; `field` is its path, outermost first. */
export interface UserError {
  field: string[];
  message: string;
  code: string;
}

export interface TargetColumn {
  name: string;
  title: string;
  type: string;
  required: boolean;
  key: boolean;
}

export interface Target {
  name: string;
  title: string;
  columns: TargetColumn[];
}

export interface PreviewColumn {
  heading: string;
  type: string;
  mapsTo: string | null;
  samples: string[];
}

export interface Preview {
  sheets: string[];
  encoding: string | null;
  delimiter: string | null;
  headerRow: number;
  columns: PreviewColumn[];
  rows: (string | null)[][];
}

/** How to read the file; what is empty is found by the server. */
export interface ReadOptions {
  sheet: string;
  headerRow: string;
  delimiter: string;
  encoding: string;
  dateOrder: string;
  timeZone: string;
  /** With commas between them. */
  nullValues: string;
}

export type Mode = 'APPEND' | 'UPSERT' | 'REPLACE';

/** All that the page asks a person about an import. */
export interface Settings {
  /** A target's name; empty for a new dataset. */
  target: string;
  datasetName: string;
  read: ReadOptions;
  /** The target's column for each heading, empty for none; null: the automatic ones. */
  mapping: Readonly<Record<string, string>> | null;
  mode: Mode;
  onRowError: 'SKIP' | 'ABORT';
  dryRun: boolean;
}

export interface RowError {
  id: string;
  row: number;
  column: string | null;
  value: string | null;
  code: string;
  message: string;
}

/** What a job of the kind DATA_IMPORT has as its result. */
export interface ImportResult {
  id: string;
  file: { id: string; filename: string };
  target: string | null;
  dataset: { id: string; name: string } | null;
  mode: Mode;
  dryRun: boolean;
  rowsRead: number;
  rowsInserted: number;
  rowsUpdated: number;
  rowsRejected: number;
  undoneAt: string | null;
  hasReport: { size: number } | null;
  duplicateOf: { createdAt: string; job: { id: string } } | null;
}

/** A page of what a connection lists. */
export interface Page<Item> {
  totalCount?: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  nodes: Item[];
}

export interface DatasetSummary {
  id: string;
  name: string;
  /** The import target whose table it is. */
  target: string | null;
  rowCount: number;
  createdAt: string;
}

export interface Dataset extends Omit<DatasetSummary, 'target'> {
  columns: { name: string; type: string }[];
  rows: Page<{ values: unknown[] }>;
}
