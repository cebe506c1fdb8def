// npm's graphql-sse, in distinct connections mode, as it comes out of the box but for
// the pause before it tries again.
import { createClient } from "graphql-sse";
import { leave, request, say, url } from "./said.mjs";

const client = createClient({
  url,
  retryAttempts: 3,
  retry: () => new Promise((done) => setTimeout(done, 50)),
  on: { connecting: (again) => say({ connecting: again }) },
  ...JSON.parse(process.argv[4] ?? "{}"),
});
client.subscribe(request, {
  next: (next) => say({ next }),
  error: (error) =>
    leave({ error: error.message, status: error.response?.status ?? null }),
  complete: () => leave({ complete: true }),
});
