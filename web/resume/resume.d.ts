/**
 * Complete the options for `createClient` of graphql-ws 6: its subscriptions resume behind
 * the last event seen, and a connection that ends is made again until `complete`, or until
 * a close code says that it is of no use.
 *
 * A subscription resumes whose document declares the variable `$after` and selects `cursor`
 * at its root field (the field itself may have an alias, `cursor` may not). All else passes
 * unchanged. Your own options win, but `on` and `jsonMessageReplacer`, which come in addition.
 */
export function resuming<Options extends object>(options: Options): Options;

/**
 * Return a `fetch` for Server-Sent Events (`fetchFn` of graphql-sse, in distinct connections
 * mode): a stream that breaks goes on behind the last `id:` seen, until `complete` or an
 * answer that is neither a stream nor a server's trouble. What is no stream passes unchanged.
 */
export function resumingFetch(fetch?: typeof globalThis.fetch): typeof globalThis.fetch;
