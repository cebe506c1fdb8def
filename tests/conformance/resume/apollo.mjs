// Apollo Client with its own link over npm's graphql-ws.
import { ApolloClient, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import { asked, forEachJob, options } from './watching.mjs';

const client = new ApolloClient({
  link: new GraphQLWsLink(createClient(options)),
  cache: new InMemoryCache(),
});
const query = gql(asked.document);

await forEachJob((variables, sink) => {
  client.subscribe({ query, variables }).subscribe(sink);
});
