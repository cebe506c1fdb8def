import { execute } from '../../server';
import document from './operations.graphql?raw';
import type {
  Dataset,
  DatasetSummary,
  Page,
  Preview,
  ReadOptions,
  RowError,
  Settings,
  Target,
  UserError,
} from './types';

function ask<Data>(name: string, variables: Record<string, unknown> = {}): Promise<Data> {
  return execute<Data>(document, variables, name);
}

export interface SourceFile {
  id: string;
  filename: string;
  size: number;
}

/** The file of that id, or null. */
export async function loadFile(id: string): Promise<SourceFile | null> {
  const { node } = await ask<{ node: Partial<SourceFile> | null }>('File', { id });
  return node?.filename ? (node as SourceFile) : null;
}

export async function loadTargets(): Promise<Target[]> {
  return (await ask<{ importTargets: Target[] }>('Targets')).importTargets;
}

export interface Previewed {
  preview: Preview | null;
  userErrors: UserError[];
}

export async function loadPreview(
  fileId: string,
  target: string,
  read: ReadOptions,
): Promise<Previewed> {
  const variables = { fileId, target: target || null, read: readInput(read) };
  return (await ask<{ importPreview: Previewed }>('Preview', variables)).importPreview;
}

export interface Started {
  job: { id: string } | null;
  cursor: string | null;
  userErrors: UserError[];
}

/** Start an import; the same key starts it once, however often it is sent. */
export async function startImport(
  fileId: string,
  settings: Settings,
  mapping: { heading: string; column: string }[] | null,
  idempotencyKey: string,
): Promise<Started> {
  const { target, datasetName, read, mode, onRowError, dryRun } = settings;
  const input = {
    fileId,
    target: target || null,
    datasetName: target ? null : datasetName.trim() || null,
    read: readInput(read),
    mapping: target ? mapping : null,
    mode: target ? mode : 'APPEND',
    onRowError,
    dryRun,
    idempotencyKey,
    waitMs: 0,
  };
  return (await ask<{ importData: Started }>('Import', { input })).importData;
}

/** What was chosen; what was not is left out, for the server to find. */
function readInput({ headerRow, nullValues, ...texts }: ReadOptions) {
  const nulls = nullValues.split(',').map((value) => value.trim());
  const chosen = {
    ...texts,
    headerRow: Number(headerRow),
    nullValues: nulls.some(Boolean) && nulls.filter(Boolean),
  };
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value));
}

export async function undo(importId: string): Promise<void> {
  interface Undone {
    undoImport: { userErrors: UserError[] };
  }
  const { userErrors } = (await ask<Undone>('Undo', { importId })).undoImport;
  if (userErrors.length) {
    throw new Error(userErrors.map(({ message }) => message).join('\n'));
  }
}

export async function loadErrors(
  importId: string,
  after: string | null,
): Promise<Page<RowError>> {
  interface Found {
    importRecord: { errors: Page<RowError> } | null;
  }
  const { importRecord } = await ask<Found>('Errors', { importId, after });
  if (!importRecord) {
    throw new Error('This import is not there any more.');
  }
  return importRecord.errors;
}

/** The address of the report, signed now, so that it is not stale. */
export async function reportUrl(importId: string): Promise<string> {
  interface Found {
    importRecord: { errorReport: { url: string } | null } | null;
  }
  const { importRecord } = await ask<Found>('Report', { importId });
  if (!importRecord?.errorReport) {
    throw new Error('The report is not kept any more. Import the file again.');
  }
  return importRecord.errorReport.url;
}

export async function loadDataset(
  id: string,
  after: string | null,
): Promise<Dataset | null> {
  return (await ask<{ dataset: Dataset | null }>('Dataset', { id, after })).dataset;
}

export async function loadDatasets(after: string | null): Promise<Page<DatasetSummary>> {
  return (await ask<{ datasets: Page<DatasetSummary> }>('Datasets', { after })).datasets;
}
