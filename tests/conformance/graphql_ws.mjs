// npm's graphql-ws against a running gateway: node graphql_ws.mjs URL CHECK
// Prints what it saw as one line of JSON for each thing; a test holds them to what they should be.

import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, check] = process.argv.slice(2);
const WATCH = 'subscription { events(subject: "nothing.>") { cursor } }';

const say = (seen) => console.log(JSON.stringify(seen));

function connect(options = {}) {
  return createClient({ url, webSocketImpl: WebSocket, lazy: true, ...options });
}

function run(client, payload) {
  return new Promise((resolve) => {
    const results = [];
    client.subscribe(payload, {
      next: (result) => results.push(result),
      error: (error) => resolve({ results, error: shown(error) }),
      complete: () => resolve({ results }),
    });
  });
}

function shown(error) {
  if (Array.isArray(error)) return error.map(({ message, extensions }) => ({ message, extensions }));
  return { code: error.code, reason: error.reason };
}

const checks = {
  async operations() {
    const client = connect({ connectionParams: { token: "x" } });
    say(await run(client, { query: "{ __typename }" }));
    say(await run(client, { query: "query ($x: Boolean!) { __typename @skip(if: $x) }", variables: { x: true } }));
    say(await run(client, { query: "query a { a: __typename } query b { b: __typename }", operationName: "b", extensions: { x: 1 } }));
    say(await run(client, { query: "mutation { __typename }" }));
    say(await run(client, { query: "{" }));
    say(await run(client, { query: 'subscription { jobEvents(id: "x") { cursor } }' }));
    await client.dispose();
  },

  // One socket, 99 subscriptions that stay and one query after another beside them.
  async multiplexing() {
    let sockets = 0;
    const client = connect({ on: { connected: () => sockets++ } });
    const endings = [];
    const stops = [];
    for (let n = 0; n < 99; n++) {
      endings.push(new Promise((complete, error) => stops.push(client.subscribe({ query: WATCH }, { next() {}, error, complete }))));
    }
    const answers = [];
    for (let n = 0; n < 20; n++) answers.push((await run(client, { query: `{ a${n}: __typename }` })).results[0].data);
    say({ sockets, answers });
    stops.forEach((stop) => stop());
    await Promise.all(endings);
    const many = await Promise.all(Array.from({ length: 100 }, (_, n) => run(client, { query: `{ b${n}: __typename }` })));
    say({ right: many.filter(({ results }, n) => results.length === 1 && results[0].data[`b${n}`] === "Query").length });
    await client.dispose();
  },

  async pings() {
    let asked;
    const heard = new Promise((resolve) => {
      asked = connect({
        lazy: false,
        keepAlive: 50,
        on: { pong: (received, payload) => received && resolve({ received, payload: payload ?? null }) },
      });
    });
    say(await heard);
    await asked.dispose();
  },

  // The socket is broken by a message that no server takes: it is not tried again.
  async fatal() {
    let sockets = 0;
    const client = connect({
      retryAttempts: 5,
      retryWait: async () => {},
      on: {
        connected: (socket) => {
          sockets++;
          socket.send("?");
        },
      },
    });
    const { error } = await run(client, { query: WATCH });
    say({ sockets, error });
  },

  // Says when it is connected, and when again; the test restarts the gateway in between.
  async reconnect() {
    let sockets = 0;
    const client = connect({
      retryAttempts: 10_000,
      shouldRetry: () => true,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
      on: {
        connected: () => sockets++,
        closed: (event) => event.code !== 1006 && say({ closed: event.code, reason: event.reason }),
      },
    });
    client.subscribe({ query: WATCH }, { next() {}, error() {}, complete() {} });
    say(await run(client, { query: "{ __typename }" }));
    while (sockets < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    say(await run(client, { query: "{ __typename }" }));
    await client.dispose();
  },

  // There is no place for a second one until the first has gone.
  async overloaded() {
    const first = connect();
    const stop = first.subscribe({ query: WATCH }, { next() {}, error() {}, complete() {} });
    say(await run(first, { query: "{ __typename }" }));
    let closed = 0;
    const second = connect({
      retryAttempts: 1000,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
      on: {
        closed: (event) => {
          if (event.code !== 1013) return;
          if (closed++ === 0) say({ closed: event.code, reason: event.reason });
          if (closed === 3) stop();
        },
      },
    });
    say(await run(second, { query: "{ __typename }" }));
    await first.dispose();
    await second.dispose();
  },
};

await checks[check]();
