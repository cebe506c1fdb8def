"""The routes that are not GraphQL, and what stands before all of them."""
