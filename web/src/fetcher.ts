import { createGraphiQLFetcher, isAsyncIterable } from '@graphiql/toolkit';
import type { Fetcher } from '@graphiql/toolkit';
import { noteLive, startLive } from './live';
import { HTTP_URL, WS_URL } from './server';

const send = createGraphiQLFetcher({
  url: HTTP_URL,
  // A client per subscription, so that its headers go into connection_init.
  subscriptionUrl: WS_URL,
  enableIncrementalDelivery: false,
});

/** Queries and mutations over HTTP, subscriptions over graphql-transport-ws. */
export const fetcher: Fetcher = async (parameters, options) => {
  const answer = await send(parameters, options);
  if (!isAsyncIterable(answer)) {
    return answer;
  }
  startLive();
  return tap(answer, noteLive);
};

/** Show each value to `see` on its way; a generator could not be stopped while it waits. */
function tap<T>(
  source: AsyncIterable<T>,
  see: (value: T) => void,
): AsyncIterableIterator<T> {
  const iterator = source[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const step = await iterator.next();
      if (!step.done) {
        see(step.value);
      }
      return step;
    },
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
}
