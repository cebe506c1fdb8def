import { defineConfig } from 'vite';

export default defineConfig({
  base: '/graphql/',
  build: {
    // Monaco alone is larger than Vite's default limit.
    chunkSizeWarningLimit: 10_000,
    // "use client" in the libraries means nothing outside a React server.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  worker: { format: 'es' },
});
