const ENDPOINT = new URL('/graphql', location.href);

export const HTTP_URL = ENDPOINT.href;
export const WS_URL = ENDPOINT.href.replace(/^http/, 'ws');

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Bring a signed URL to the origin of this page where both name this machine:
 * the server signs for its own address, and a person may have opened another.
 */
export function reachable(signed: string): string {
  const url = new URL(signed, location.href);
  const local = LOOPBACK.has(url.hostname) && LOOPBACK.has(location.hostname);
  if (local && url.port === location.port) {
    url.host = location.host;
  }
  return url.href;
}

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string }[];
}

/** Run one query or mutation; throw the GraphQL errors, if there are any. */
export async function execute<Data>(
  query: string,
  variables: Record<string, unknown>,
  operationName?: string,
): Promise<Data> {
  const response = await fetch(HTTP_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query, variables, operationName }),
  });
  const answer = (await response.json()) as Answer<Data>;
  if (answer.errors?.length || !answer.data) {
    const messages = answer.errors?.map((error) => error.message);
    throw new Error(messages?.join('\n') || `HTTP ${response.status}`);
  }
  return answer.data;
}
