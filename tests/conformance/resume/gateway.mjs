// A gateway that does as a test says, where a real one could not be made to.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/**
 * Serve WebSockets: each connection is handed to the next of `acts` with what it asked for.
 * `asked` holds the payload of each `subscribe`, in order.
 */
export async function serveSockets(test, ...acts) {
  const server = new WebSocketServer({ port: 0, handleProtocols: ([first]) => first });
  await once(server, 'listening');
  const seen = { url: `ws://127.0.0.1:${server.address().port}`, connections: 0, asked: [] };
  server.on('connection', (socket) => {
    const act = acts[seen.connections++];
    const send = (message) => socket.send(JSON.stringify(message));
    socket.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.type === 'connection_init') {
        send({ type: 'connection_ack' });
      } else if (message.type === 'subscribe') {
        seen.asked.push(message.payload);
        act({ ...message, send, socket });
      } else {
        seen[message.type] = message;
      }
    });
  });
  test.after(() => {
    server.clients.forEach((client) => client.terminate());
    server.close();
  });
  return seen;
}

/** Send events with these cursors below an alias. */
export function events({ id, send }, ...cursors) {
  for (const cursor of cursors) {
    send({ id, type: 'next', payload: { data: { watched: { cursor } } } });
  }
}

/** Serve HTTP: each request is answered by the next of `acts`; `asked` holds its headers. */
export async function serveRequests(test, ...acts) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.headers);
    acts[asked.length - 1](response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}/graphql`, asked };
}

/**
 * Let no wait of the helper take its time until the test is over; return how long each
 * would have taken. (The 30 s in which npm's ws wants a closing answered are left alone.)
 */
export function hurried(test) {
  const delays = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (work, delay, ...rest) => {
    const timer = setTimeout(work, delay >= 30_000 ? delay : 0, ...rest);
    delays.push(delay);
    return timer;
  };
  test.after(() => (globalThis.setTimeout = setTimeout));
  return delays;
}
