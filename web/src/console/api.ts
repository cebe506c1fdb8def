import { createClient } from 'graphql-ws';
import { resuming } from '../../resume/resume.js';
import { execute, WS_URL } from '../server';
import { createStore } from './store';
import document from './operations.graphql?raw';

export type Connection = 'connecting' | 'live' | 'lost';

/** How the page stands to the gateway. */
export const connection = createStore<Connection>('connecting');

const client = createClient(
  resuming({
    url: WS_URL,
    on: {
      connected: () => connection.set('live'),
      closed: () => connection.set('lost'),
    },
  }),
);

/** Run a query or mutation of `operations.graphql` by its name. */
export function ask<Data>(
  operationName: string,
  variables: Record<string, unknown> = {},
): Promise<Data> {
  return execute<Data>(document, variables, operationName);
}

/** Call `next` with each event of a subscription, across all interruptions; stop it by the result. */
export function watch<Item>(
  operationName: string,
  variables: Record<string, unknown>,
  next: (item: Item) => void,
  failed: (message: string) => void,
): () => void {
  return client.subscribe<Record<string, Item>>(
    { query: document, operationName, variables },
    {
      next: ({ data }) => data && Object.values(data).forEach(next),
      error: (error) => failed(describe(error)),
      complete: () => {},
    },
  );
}

/** Say what went wrong: an Error, GraphQL errors, or a closed connection. */
export function describe(error: unknown): string {
  if (Array.isArray(error)) {
    return error.map(describe).join(' ');
  }
  const { message, reason } = error as { message?: string; reason?: string };
  return message || reason || 'The connection was closed.';
}

interface UserErrors {
  job: { id: string } | null;
  userErrors: { message: string }[];
}

/** Run a mutation that starts or steers a job; give the job's id or throw what is wrong. */
export async function steer(name: 'Cancel' | 'Retry', id: string): Promise<string> {
  const data = await ask<Record<string, UserErrors>>(name, { id });
  const [payload] = Object.values(data);
  if (!payload?.job || payload.userErrors.length) {
    throw new Error(payload?.userErrors.map(({ message }) => message).join(' '));
  }
  return payload.job.id;
}
