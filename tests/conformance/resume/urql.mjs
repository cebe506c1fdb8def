// urql with its subscription exchange over npm's graphql-ws.
import { Client, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import { onEnd, pipe, subscribe } from 'wonka';
import { asked, forEachJob, options } from './watching.mjs';

const socket = createClient(options);
const client = new Client({
  url: asked.urls[0],
  exchanges: [
    subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe(request, sink) }),
      }),
    }),
  ],
});

// At its end urql gives the last result once more, with `hasNext` false.
await forEachJob((variables, sink) => {
  pipe(
    client.subscription(asked.document, variables),
    onEnd(sink.complete),
    subscribe(({ data, error, hasNext }) => {
      if (error) {
        sink.error(error);
      } else if (hasNext) {
        sink.next({ data });
      }
    }),
  );
});
