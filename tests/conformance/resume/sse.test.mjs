// What web/resume does over Server-Sent Events when streams end in each way there is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-sse';
import { resumingFetch } from '../../../web/resume/resume.js';
import { hurried, serveRequests } from './gateway.mjs';

const WATCH = { query: 'subscription { watched: events { cursor } }' };
const COMPLETE = 'event: complete\ndata:\n\n';

function begin(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  return response;
}

function event(cursor) {
  const data = JSON.stringify({ data: { watched: { cursor } } });
  return `event: next\nid: ${cursor}\ndata: ${data}\n\n`;
}

/** Answer with text and break the connection, or end it. */
function says(text, { breaks = false } = {}) {
  return (response) => begin(response).write(text, () => close(response, breaks));
}

function close(response, breaks) {
  if (breaks) {
    response.destroy();
  } else {
    response.end();
  }
}

function run(url, payload = WATCH) {
  const seen = [];
  const client = createClient({ url, retryAttempts: 0, fetchFn: resumingFetch() });
  return new Promise((done) =>
    client.subscribe(payload, {
      next: ({ data }) => seen.push(data.watched.cursor),
      error: (error) => done({ seen, error }),
      complete: () => done({ seen }),
    }),
  );
}

const places = (asked) => asked.map((headers) => headers['last-event-id']);

for (const breaks of [true, false]) {
  test(`it goes on where a stream ${breaks ? 'breaks' : 'ends'}`, async (t) => {
    hurried(t);
    const { url, asked } = await serveRequests(
      t,
      says(`:\n\n${event('b')}${event('c')}`, { breaks }),
      (response) => response.writeHead(503).end(),
      says(event('d').slice(0, -2), { breaks }),
      says(event('d') + COMPLETE),
    );
    assert.deepEqual(await run(url), { seen: ['b', 'c', 'd'] });
    assert.deepEqual(places(asked), [undefined, 'c', 'c', 'c']);
  });
}

test('it splits a stream of another line ending, wherever it was cut', async (t) => {
  hurried(t);
  const text = (event('é 1') + event('é 2') + COMPLETE).replaceAll('\n', '\r\n');
  const { url } = await serveRequests(t, async (response) => {
    begin(response);
    for (const byte of Buffer.from(text)) {
      await new Promise((done) => response.write(Buffer.of(byte), done));
    }
    response.end();
  });
  assert.deepEqual(await run(url), { seen: ['é 1', 'é 2'] });
});

test('it waits for a gateway that nobody has started yet', async (t) => {
  hurried(t);
  const { url, asked } = await serveRequests(
    t,
    (response) => response.destroy(),
    (response) => response.writeHead(502).end(),
    says(event('b') + COMPLETE),
  );
  assert.deepEqual(await run(url), { seen: ['b'] });
  assert.equal(asked.length, 3);
});

test('nothing left to come is the end', async (t) => {
  hurried(t);
  const { url, asked } = await serveRequests(t, says(event('b')), (response) =>
    response.writeHead(204).end(),
  );
  assert.deepEqual(await run(url), { seen: ['b'] });
  assert.deepEqual(places(asked), [undefined, 'b']);
});

for (const status of [400, 401, 404]) {
  test(`it ends when it is refused with ${status}`, async (t) => {
    hurried(t);
    const refuses = (response) => response.writeHead(status).end();
    const { url, asked } = await serveRequests(t, says(event('b')), refuses);
    const { seen, error } = await run(url);
    assert.deepEqual(seen, ['b']);
    assert.match(error.message, new RegExp(`HTTP ${status}`));
    assert.equal(asked.length, 2);
  });
}

test('what is no stream passes as it is', async (t) => {
  const { url } = await serveRequests(t, (response) =>
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"errors":[]}'),
  );
  const response = await resumingFetch()(url, { method: 'POST', body: '{}' });
  assert.equal(response.status, 400);
  assert.deepEqual(await response.json(), { errors: [] });
});

test('whoever stops it is left alone', async (t) => {
  const { url, asked } = await serveRequests(t, (response) =>
    begin(response).write(event('b')),
  );
  const control = new AbortController();
  const response = await resumingFetch()(url, { signal: control.signal });
  const reader = response.body.getReader();
  await reader.read();
  const next = reader.read();
  control.abort();
  await assert.rejects(next, { name: 'AbortError' });
  assert.equal(asked.length, 1);
});

test('a client that asks again with the same signal goes on', async (t) => {
  const { url, asked } = await serveRequests(
    t,
    says(event('b') + COMPLETE),
    says(COMPLETE),
  );
  const { signal } = new AbortController();
  const fetch = resumingFetch();
  await (await fetch(url, { signal })).text();
  await (await fetch(url, { signal })).text();
  assert.deepEqual(places(asked), [undefined, 'b']);
});
