/** An operation that a link into this page carries. */
export interface Link {
  query: string;
  variables: string;
  operationName: string | null;
}

/** Read `?query=…&variables=…&operationName=…`; null where there is no query. */
export function readLink(search: string): Link | null {
  const parameters = new URLSearchParams(search);
  const query = parameters.get('query');
  if (!query) {
    return null;
  }
  return {
    query,
    variables: indent(parameters.get('variables') ?? ''),
    operationName: parameters.get('operationName'),
  };
}

function indent(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
