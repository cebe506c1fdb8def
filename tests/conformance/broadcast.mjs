// node broadcast.mjs PORT yoga|bare: what benchmarks are held against: GraphQL Yoga
// with graphql-ws, or graphql-ws by itself. An event is a line of JSON on the input;
// each subscriber has a queue.

import { createServer } from "node:http";
import { createInterface } from "node:readline";

import { useServer } from "graphql-ws/use/ws";
import { createSchema, createYoga } from "graphql-yoga";
import { WebSocketServer } from "ws";

const watching = new Set();

createInterface({ input: process.stdin }).on("line", (line) => {
  const event = JSON.parse(line);
  for (const push of watching) push(event);
});

function jobEvents(first) {
  const waiting = [{ jobEvents: first }];
  let wake = null;
  const push = (event) => {
    waiting.push({ jobEvents: event });
    wake?.();
  };
  watching.add(push);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      while (waiting.length === 0) await new Promise((resolve) => (wake = resolve));
      return { done: false, value: waiting.shift() };
    },
    async return() {
      watching.delete(push);
      return { done: true, value: undefined };
    },
  };
}

const schema = createSchema({
  typeDefs: /* GraphQL */ `
    scalar EventCursor
    interface JobEvent {
      cursor: EventCursor!
    }
    type JobSnapshot implements JobEvent {
      cursor: EventCursor!
    }
    type JobProgress {
      done: Int!
      fraction: Float!
      stage: String!
      message: String
    }
    type JobProgressed implements JobEvent {
      cursor: EventCursor!
      progress: JobProgress!
    }
    type Query {
      hello: String!
    }
    type Subscription {
      jobEvents(id: ID!, after: EventCursor): JobEvent!
    }
  `,
  resolvers: {
    Query: { hello: () => "hello" },
    Subscription: {
      jobEvents: {
        subscribe: () =>
          jobEvents({
            __typename: "JobSnapshot",
            cursor: "none",
          }),
      },
    },
  },
});

const yoga = createYoga({ schema, logging: false });

// Yoga's execution behind graphql-ws, as Yoga's documentation has it.
const throughYoga = {
  execute: (args) => args.rootValue.execute(args),
  subscribe: (args) => args.rootValue.subscribe(args),
  async onSubscribe(context, _id, params) {
    const { schema, execute, subscribe, contextFactory, parse, validate } =
      yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
    const args = {
      schema,
      operationName: params.operationName,
      document: parse(params.query),
      variableValues: params.variables,
      contextValue: await contextFactory(),
      rootValue: { execute, subscribe },
    };
    const errors = validate(args.schema, args.document);
    return errors.length > 0 ? errors : args;
  },
};

const [, , port, how] = process.argv;
const server = createServer(yoga);
useServer(
  how === "yoga" ? throughYoga : { schema },
  new WebSocketServer({ server, path: "/graphql" }),
);
server.listen(Number(port), "127.0.0.1");
