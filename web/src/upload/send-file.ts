import { execute, reachable } from '../server';
import createUploadMutation from './create-upload.graphql?raw';
import parsePsdMutation from './parse-psd.graphql?raw';

interface UserError {
  field: string[];
  message: string;
  code: string;
}

interface UploadTarget {
  method: string;
  url: string;
  headers: { name: string; value: string }[];
}

interface CreateUploadData {
  createUpload: {
    file: { id: string } | null;
    target: UploadTarget | null;
    userErrors: UserError[];
  };
}

interface ParsePsdData {
  parsePsd: {
    job: { id: string } | null;
    cursor: string | null;
    userErrors: UserError[];
  };
}

/** A parse that was started, and the cursor from before its first event. */
export interface StartedParse {
  id: string;
  after: string | null;
}

/** Told about each step, and about the bytes' progress (0 to 1) where it is known. */
export type OnStep = (step: string, fraction?: number) => void;

// `digest` needs the whole file in memory.
const HASHED_MAX_BYTES = 256 * 1024 ** 2;

/** Upload a file and start its parse. */
export async function sendFile(file: File, step: OnStep): Promise<StartedParse> {
  const fileId = await uploadFile(file, step);
  step('Starting the parse');
  return startParse(fileId);
}

/** Upload a file; return its id. */
export async function uploadFile(file: File, step: OnStep): Promise<string> {
  step('Computing the checksum');
  const sha256 = await checksum(file);
  step('Asking for a place');
  const input = { filename: file.name, size: file.size, sha256 };
  const { createUpload } = await execute<CreateUploadData>(
    createUploadMutation,
    { input },
  );
  throwUserErrors(createUpload.userErrors);
  const { file: source, target } = createUpload;
  if (!source || !target) {
    throw new Error('The server gave no upload target.');
  }
  await put(file, target, (fraction) => step('Uploading', fraction));
  return source.id;
}

async function startParse(fileId: string): Promise<StartedParse> {
  const { parsePsd } = await execute<ParsePsdData>(parsePsdMutation, {
    input: { fileId, waitMs: 0 },
  });
  throwUserErrors(parsePsd.userErrors);
  if (!parsePsd.job) {
    throw new Error('The server started no job.');
  }
  return { id: parsePsd.job.id, after: parsePsd.cursor };
}

function throwUserErrors(errors: UserError[]): void {
  if (errors.length) {
    throw new Error(errors.map(describe).join('\n'));
  }
}

function describe({ field, message, code }: UserError): string {
  return `${field.length ? `${field.join('.')}: ` : ''}${message} (${code})`;
}

/** SHA-256 in hex; undefined where the browser offers none (plain HTTP elsewhere). */
async function checksum(file: File): Promise<string | undefined> {
  if (!isSecureContext || file.size > HASHED_MAX_BYTES) {
    return undefined;
  }
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

/** Send the bytes; XMLHttpRequest, as fetch cannot tell an upload's progress. */
function put(
  file: File,
  target: UploadTarget,
  progressed: (fraction: number) => void,
): Promise<void> {
  const request = new XMLHttpRequest();
  request.open(target.method, reachable(target.url));
  for (const { name, value } of target.headers) {
    request.setRequestHeader(name, value);
  }
  return new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) =>
      progressed(total ? loaded / total : 0);
    request.onerror = () => reject(new Error('The upload was interrupted.'));
    request.onload = () =>
      request.status < 300 ? resolve() : reject(new Error(refusal(request)));
    request.send(file);
  });
}

function refusal(request: XMLHttpRequest): string {
  try {
    return JSON.parse(request.responseText).error.message;
  } catch {
    return `The store refused the file: HTTP ${request.status}`;
  }
}
