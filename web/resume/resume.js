// Subscriptions that go on behind the last event seen, on whichever gateway they land.
// This file stands alone: copy it. docs/protocol.md shows how it is used.

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;
// A connection that has lasted so long was a good one.
const STEADY_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;
const PONG_WAIT_MS = 10_000;
// The gateway says something far more often, if only a comment.
const SILENCE_MS = 60_000;

/* ------------------------------------------------ graphql-ws, and so Apollo and urql */

/** Complete the options for `createClient` of graphql-ws: its subscriptions resume. */
export function resuming(options) {
  const cursors = new Map();
  const { on, ...kept } = keptUp();
  on.message = (message) => note(cursors, message);
  return {
    ...kept,
    ...options,
    on: together(on, options.on ?? {}),
    jsonMessageReplacer(key, value) {
      const sent = key === '' ? resumed(cursors, value) : value;
      const replace = options.jsonMessageReplacer;
      return replace ? replace.call(this, key, sent) : sent;
    },
  };
}

/** Note an event's cursor. Its handler has returned by now: else it was not seen. */
function note(cursors, { id, type, payload }) {
  if (type === 'complete' || type === 'error') {
    cursors.delete(id);
  }
  const root = type === 'next' && Object.values(payload.data ?? {})[0];
  if (!root || !cursors.has(id)) {
    return;
  }
  if (typeof root.cursor === 'string') {
    cursors.set(id, root.cursor);
  } else {
    console.warn('Nothing resumes without `cursor` selected at the root field.');
  }
}

/** Return what is sent in a message's place: a subscription begins at its cursor. */
function resumed(cursors, message) {
  const { id, type, payload } = message ?? {};
  if (type === 'complete') {
    cursors.delete(id);
  }
  if (type !== 'subscribe' || !isResumable(payload)) {
    return message;
  }
  const after = cursors.get(id) ?? payload.variables?.after;
  cursors.set(id, after);
  return { ...message, payload: { ...payload, variables: { ...payload.variables, after } } };
}

/** Its document declares `$after`; of one that is only named the variables tell. */
function isResumable({ query, variables = {} }) {
  return query ? /\bsubscription\b[^{]*\$after\b/.test(query) : 'after' in variables;
}

/** Options by which a connection is made again until its close code forbids it. */
function keptUp() {
  const pause = backOff();
  let socket, since, late;
  return {
    retryAttempts: Infinity,
    retryWait: pause.wait,
    // An error is a mistake at this end (4499: our own `terminate`). What has no code
    // is a gateway that cannot be reached; graphql-ws itself judges the other codes.
    shouldRetry: (reason) => !(reason instanceof Error) || reason.code === 4499,
    keepAlive: KEEP_ALIVE_MS,
    on: {
      opened: (opened) => (socket = opened),
      connected: () => (since = Date.now()),
      ping(received) {
        if (!received) {
          late = setTimeout(giveUp, PONG_WAIT_MS, socket);
        }
      },
      pong: (received) => received && clearTimeout(late),
      closed() {
        clearTimeout(late);
        if (Date.now() - since > STEADY_MS) {
          pause.reset();
        }
        since = undefined;
      },
    },
  };
}

/** Close a socket without the minute that a browser waits for an answer to that. */
function giveUp(socket) {
  const { onclose } = socket;
  socket.onclose = socket.onerror = socket.onmessage = null;
  socket.close(4499, 'No pong');
  onclose?.({ code: 4499, reason: 'No pong' });
}

/** Call the listeners of both, ours first. */
function together(ours, theirs) {
  const names = Object.keys({ ...ours, ...theirs });
  const both = (name) => (...facts) => {
    ours[name]?.(...facts);
    theirs[name]?.(...facts);
  };
  return Object.fromEntries(names.map((name) => [name, both(name)]));
}

/** Wait longer from time to time, and never as long as the others who wait. */
function backOff() {
  let failures = 0;
  return {
    reset: () => (failures = 0),
    wait() {
      const middle = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures++);
      const delay = middle * (0.5 + Math.random());
      return new Promise((done) => setTimeout(done, delay));
    },
  };
}

/* ----------------------------------------- Server-Sent Events: graphql-sse and others */

/** Return a `fetch` whose event streams resume, until `complete` or a refusal. */
export function resumingFetch(fetch = globalThis.fetch) {
  // A client that asks again with the same signal goes on, too.
  const places = new WeakMap();
  return async (url, init = {}) => {
    const stream = { url, init, fetch, pause: backOff(), lastId: places.get(init.signal) };
    const first = await connect(stream);
    if (!isStream(first)) {
      return first.status === 204 ? completed() : first;
    }
    const blocks = events(stream, first, (id) => init.signal && places.set(init.signal, id));
    return new Response(streamOf(blocks), { headers: first.headers });
  };
}

/** Ask until somebody answers, or the caller does not want it any more. */
async function connect({ url, init, fetch, pause, lastId }) {
  const headers = new Headers(init.headers);
  if (lastId) {
    headers.set('Last-Event-ID', lastId);
  }
  for (;;) {
    try {
      const response = await fetch(url, { ...init, headers });
      if (response.status < 500 && response.status !== 429) {
        return response;
      }
      await response.body?.cancel();
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
    }
    await pause.wait();
    init.signal?.throwIfAborted();
  }
}

/** Yield whole events, each once, from as many connections as it takes. */
async function* events(stream, response, seen) {
  for (;;) {
    for await (const block of blocksOf(response)) {
      stream.pause.reset();
      yield block;
      const id = /^id: ?(.+)$/m.exec(block)?.[1];
      if (id) {
        seen((stream.lastId = id));
      }
      if (/^event: ?complete$/m.test(block)) {
        return;
      }
    }
    await stream.pause.wait();
    stream.init.signal?.throwIfAborted();
    response = await connect(stream);
    if (response.status === 204) {
      yield COMPLETE;
      return;
    }
    if (!isStream(response)) {
      throw new Error(`The stream is refused: HTTP ${response.status}`);
    }
  }
}

/** Yield what stands between empty lines; what was cut off in the middle is dropped. */
async function* blocksOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await spoken(reader);
      if (done) {
        return;
      }
      const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n');
      rest = blocks.pop();
      yield* blocks;
    }
  } catch {
    // The connection broke.
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Read; a connection that says nothing for too long has ended. */
async function spoken(reader) {
  const silence = setTimeout(() => reader.cancel().catch(() => {}), SILENCE_MS);
  try {
    return await reader.read();
  } finally {
    clearTimeout(silence);
  }
}

const COMPLETE = 'event: complete\ndata:';

function isStream({ ok, headers }) {
  return ok && headers.get('content-type')?.startsWith('text/event-stream');
}

function completed() {
  const headers = { 'content-type': 'text/event-stream' };
  return new Response(`${COMPLETE}\n\n`, { headers });
}

function streamOf(blocks) {
  const encoder = new TextEncoder();
  const source = {
    async pull(controller) {
      const { value, done } = await blocks.next();
      if (done) {
        controller.close();
      } else {
        controller.enqueue(encoder.encode(`${value}\n\n`));
      }
    },
    cancel: () => void blocks.return(),
  };
  // What a stream holds ready when it fails is lost: let it hold nothing.
  return new ReadableStream(source, { highWaterMark: 0 });
}
