import { nodePlatform } from './platforms/node.js';
import { adoptWorker, startsWorkers, startWorkerThread } from './platforms/node-workers.js';
import { entry } from './reranker/entry.js';

export * from './common/public.js';

export const { createReranker, rerank, listCache, clearCache, directoryCache } = entry({
  ...nodePlatform,
  workers: {
    starts: () => [() => startWorkerThread(new URL('./node-worker.js', import.meta.url))],
    adopt: adoptWorker,
    preferred: startsWorkers,
  },
});
