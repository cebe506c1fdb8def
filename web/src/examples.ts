import designs from './operations/designs.graphql?raw';
import jobs from './operations/jobs.graphql?raw';
import upload from './operations/upload.graphql?raw';
import watch from './operations/watch.graphql?raw';

/** The tabs of a first visit. */
export const EXAMPLE_TABS = [designs, watch, jobs, upload].map((query) => ({
  query,
}));
