// @urql/core with its fetchExchange alone; the third argument is what it accepts.
import { Client, fetchExchange } from "@urql/core";
import { leave, request, say, url } from "./said.mjs";

const accept = process.argv[4];
const fetched = async (...given) => {
  const answer = await fetch(...given);
  await say({ type: answer.headers.get("content-type") });
  return answer;
};
const client = new Client({
  url,
  exchanges: [fetchExchange],
  preferGetMethod: false,
  fetch: fetched,
  fetchSubscriptions: true,
  fetchOptions: accept ? { headers: { accept } } : {},
});
const shown = ({ data, error, hasNext }) => {
  if (error?.networkError) return leave({ error: error.networkError.message });
  if (error) return say({ errors: error.graphQLErrors.map((one) => one.message), hasNext });
  return say({ next: { data }, hasNext });
};
let last = Promise.resolve();
client.subscription(request.query, request.variables).subscribe((result) => {
  last = last.then(() => shown(result));
  if (!result.hasNext) last.then(() => leave({ complete: true }));
});
