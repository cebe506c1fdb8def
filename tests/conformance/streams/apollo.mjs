// @apollo/client with its HttpLink alone: subscriptions come as multipart/mixed.
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client/core/index.js";
import { leave, request, say, url } from "./said.mjs";

const fetched = async (...given) => {
  const answer = await fetch(...given);
  await say({ type: answer.headers.get("content-type") });
  return answer;
};
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: new HttpLink({ uri: url, fetch: fetched }),
});
const { query, variables } = request;
client.subscribe({ query: gql(query), variables, fetchPolicy: "no-cache" }).subscribe({
  next: ({ data, error }) =>
    say(error ? { failed: error.name, errors: error.errors } : { next: { data } }),
  error: (error) => leave({ error: error.message }),
  complete: () => leave({ complete: true }),
});
