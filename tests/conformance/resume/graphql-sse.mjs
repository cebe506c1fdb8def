// npm's graphql-sse, a connection for each subscription.
import { createClient } from 'graphql-sse';
import { resumingFetch } from '../../../web/resume/resume.js';
import { asked, connectedTo, forEachJob, nextUrl } from './watching.mjs';

/** Ask the next gateway. */
async function fetchAnywhere(_url, init) {
  const socketUrl = nextUrl();
  const response = await fetch(socketUrl.replace('ws', 'http'), init);
  connectedTo(socketUrl);
  return response;
}

const client = createClient({ url: '', fetchFn: resumingFetch(fetchAnywhere) });

await forEachJob((variables, sink) => {
  client.subscribe({ query: asked.document, variables }, sink);
});
