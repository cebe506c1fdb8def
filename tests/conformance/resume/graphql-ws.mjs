// npm's graphql-ws: every other job by `iterate`.
import { createClient } from 'graphql-ws';
import { asked, forEachJob, options } from './watching.mjs';

const client = createClient(options);
let jobs = 0;

await forEachJob((variables, sink) => {
  const payload = { query: asked.document, variables };
  if (jobs++ % 2) {
    void iterate(client.iterate(payload), sink);
  } else {
    client.subscribe(payload, sink);
  }
});

async function iterate(results, sink) {
  try {
    for await (const result of results) {
      sink.next(result);
    }
    sink.complete();
  } catch (error) {
    sink.error(error);
  }
}
