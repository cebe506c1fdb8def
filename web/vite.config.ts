import { defineConfig } from 'vite';

export default defineConfig({
  base: '/graphql/',
  build: {
    // Monaco alone is larger than Vite's default limit.
    chunkSizeWarningLimit: 10_000,
    rolldownOptions: {
      input: ['index.html', 'console.html'],
      // "use client" in the libraries means nothing outside a React server.
      checks: { moduleLevelDirective: false },
    },
  },
  worker: { format: 'es' },
});
