// What web/resume does over WebSocket when connections end in each way there is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { resuming } from '../../../web/resume/resume.js';
import { events, hurried, serveSockets } from './gateway.mjs';

const WATCH = 'subscription W($id: ID!, $after: C) { watched: jobEvents { cursor } }';
const complete = ({ id, send }) => send({ id, type: 'complete' });

/** Run one operation to its end; resolves to its cursors and what ended it. */
function run(url, payload, options = {}) {
  const seen = [];
  const client = createClient(resuming({ url, webSocketImpl: WebSocket, ...options }));
  return new Promise((done) =>
    client.subscribe(payload, {
      next: ({ data }) => seen.push(data.watched?.cursor),
      error: (error) => done({ seen, error }),
      complete: () => done({ seen }),
    }),
  );
}

const CUTS = {
  'going away (1001)': (socket) => socket.close(1001),
  'service restart (1012)': (socket) => socket.close(1012),
  'try again later (1013)': (socket) => socket.close(1013),
  'token expired (4403)': (socket) => socket.close(4403),
  'init timeout (4408)': (socket) => socket.close(4408),
  'killed (1006)': (socket) => socket.terminate(),
};

for (const [name, cut] of Object.entries(CUTS)) {
  test(`it goes on behind the last cursor: ${name}`, async (t) => {
    hurried(t);
    const gateway = await serveSockets(
      t,
      (connection) => {
        events(connection, 'b', 'c');
        cut(connection.socket);
      },
      ({ socket }) => cut(socket),
      (connection) => {
        events(connection, 'd');
        complete(connection);
      },
    );
    const variables = { id: 'job_1', after: 'a' };
    const { seen, error } = await run(gateway.url, { query: WATCH, variables });
    assert.equal(error, undefined);
    assert.deepEqual(seen, ['b', 'c', 'd']);
    assert.deepEqual(
      gateway.asked.map((payload) => payload.variables),
      ['a', 'c', 'c'].map((after) => ({ id: 'job_1', after })),
    );
    assert.deepEqual(variables, { id: 'job_1', after: 'a' });
  });
}

for (const code of [4400, 4401, 4406, 4409, 4429, 4500, 1002, 1011]) {
  test(`it ends with ${code}, which no new connection would mend`, async (t) => {
    hurried(t);
    const gateway = await serveSockets(t, ({ socket }) => socket.close(code, 'no'));
    const { seen, error } = await run(gateway.url, { query: WATCH });
    assert.deepEqual([seen, error.code, error.reason], [[], code, 'no']);
    assert.equal(gateway.connections, 1);
  });
}

test('it waits for a gateway that nobody has started yet', async (t) => {
  hurried(t);
  const gone = await serveSockets(t);
  const urls = ['ws://127.0.0.1:9', 'ws://127.0.0.1:9', gone.url];
  const gateway = await serveSockets(t, complete);
  urls[2] = gateway.url;
  const { error } = await run(() => urls.shift(), { query: WATCH });
  assert.equal(error, undefined);
  assert.equal(gateway.connections, 1);
});

test('it begins where the caller says, or without a place at all', async (t) => {
  hurried(t);
  const cut = ({ socket }) => socket.terminate();
  const gateway = await serveSockets(t, cut, complete);
  await run(gateway.url, { query: WATCH, variables: { id: 'job_1' } });
  assert.deepEqual(gateway.asked[1].variables, { id: 'job_1' });
});

test('its error ends an operation', async (t) => {
  const errors = [{ message: 'There is no such job.' }];
  const gateway = await serveSockets(t, ({ id, send }) =>
    send({ id, type: 'error', payload: errors }),
  );
  const { error } = await run(gateway.url, { query: WATCH });
  assert.deepEqual([error, gateway.connections], [errors, 1]);
});

const OTHERS = {
  'a query that pages': 'query ($after: String) { watched: jobs(after: $after) { cursor } }',
  'a subscription without $after': 'subscription { watched: events { cursor } }',
};

for (const [name, query] of Object.entries(OTHERS)) {
  test(`it leaves ${name} as it is`, async (t) => {
    hurried(t);
    const gateway = await serveSockets(
      t,
      (connection) => {
        events(connection, 'b');
        connection.socket.terminate();
      },
      complete,
    );
    await run(gateway.url, { query, variables: { first: 2 } });
    assert.deepEqual(gateway.asked, [
      { query, variables: { first: 2 } },
      { query, variables: { first: 2 } },
    ]);
  });
}

test('it knows a persisted subscription by its variables', async (t) => {
  hurried(t);
  const gateway = await serveSockets(
    t,
    (connection) => {
      events(connection, 'b');
      connection.socket.terminate();
    },
    complete,
  );
  await run(gateway.url, { query: '', extensions: { hash: '1' }, variables: { after: null } });
  assert.deepEqual(gateway.asked[1].variables, { after: 'b' });
});

test('it says what a document lacks', async (t) => {
  const warn = t.mock.method(console, 'warn', () => {});
  const gateway = await serveSockets(t, (connection) => {
    const payload = { data: { watched: { at: 'now' } } };
    connection.send({ id: connection.id, type: 'next', payload });
    complete(connection);
  });
  await run(gateway.url, { query: WATCH });
  assert.deepEqual(warn.mock.calls[0].arguments, [
    'Nothing resumes without `cursor` selected at the root field.',
  ]);
});

test('it keeps two subscriptions on one connection apart', async (t) => {
  hurried(t);
  let waiting = 2;
  const first = (connection) => {
    events(connection, `${connection.payload.variables.id} 1`);
    if (--waiting === 0) {
      connection.socket.terminate();
    }
  };
  const gateway = await serveSockets(t, first, complete);
  const client = createClient(resuming({ url: gateway.url, webSocketImpl: WebSocket }));
  const ended = ['x', 'y'].map(
    (id) =>
      new Promise((done, failed) =>
        client.subscribe(
          { query: WATCH, variables: { id } },
          { next() {}, error: failed, complete: done },
        ),
      ),
  );
  await Promise.all(ended);
  const places = gateway.asked.slice(2).map(({ variables }) => variables);
  assert.deepEqual(places, [
    { id: 'x', after: 'x 1' },
    { id: 'y', after: 'y 1' },
  ]);
});

test('an event whose handler failed was not seen, and is not asked for again', async (t) => {
  const gateway = await serveSockets(t, (connection) => events(connection, 'b'));
  const client = createClient(resuming({ url: gateway.url, webSocketImpl: WebSocket }));
  const failure = new Error('The handler failed.');
  const error = await new Promise((done) =>
    client.subscribe(
      { query: WATCH },
      {
        next() {
          throw failure;
        },
        error: done,
        complete() {},
      },
    ),
  );
  assert.equal(error, failure);
  assert.equal(gateway.connections, 1);
});

test('it waits longer for a gateway that takes connections and closes them', async (t) => {
  const delays = hurried(t);
  const busy = ({ socket }) => socket.close(1013);
  const gateway = await serveSockets(t, ...Array(8).fill(busy), complete);
  await run(gateway.url, { query: WATCH });
  const waits = delays.filter((delay) => delay > 100 && delay < 30_000);
  assert.equal(waits.length, 8);
  waits.forEach((delay, failures) => {
    const middle = Math.min(15_000, 250 * 2 ** failures);
    assert.ok(delay >= middle / 2 && delay < middle * 1.5, `${failures}: ${delay}`);
  });
});

test('it gives up a connection over which no pong comes', async (t) => {
  hurried(t);
  const deaf = ({ socket }) => socket.pause();
  const gateway = await serveSockets(t, deaf, complete);
  const { error } = await run(gateway.url, { query: WATCH }, { keepAlive: 20 });
  assert.equal(error, undefined);
  assert.equal(gateway.connections, 2);
});

test('it calls the listeners and the replacer that were given', async (t) => {
  const gateway = await serveSockets(t, complete);
  const heard = [];
  await run(
    gateway.url,
    { query: WATCH, variables: { id: 1n } },
    {
      on: { message: ({ type }) => heard.push(type), error() {} },
      jsonMessageReplacer: (key, value) => (typeof value === 'bigint' ? `${value}` : value),
    },
  );
  assert.deepEqual(heard, ['connection_ack', 'complete']);
  assert.deepEqual(gateway.asked[0].variables, { id: '1' });
});
