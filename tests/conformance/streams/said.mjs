// What a client has seen goes to standard output, one JSON value a line.

/** Tell what happened; resolves when it is written. */
export const say = (what) =>
  new Promise((done) => process.stdout.write(`${JSON.stringify(what)}\n`, done));

/** Read what is asked for: a GraphQL request and the address, from the command line. */
export const [url, request] = [process.argv[2], JSON.parse(process.argv[3])];

/** Say why it ended, and leave. */
export const leave = async (what) => {
  await say(what);
  process.exit(0);
};
