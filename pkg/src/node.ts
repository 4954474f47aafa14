import { located } from './engine-urls.js';
import { entry } from './entry.js';
import { nodePlatform } from './platforms/node.js';
import { adoptWorker, startsWorkers, startWorkerThread } from './platforms/node-workers.js';

export * from './common/public.js';

export const {
  createReranker,
  rerank,
  createEmbedder,
  similarity,
  isCached,
  modelFiles,
  listCache,
  clearCache,
  directoryCache,
} = entry({
  ...nodePlatform,
  workers: {
    starts: () => [() => startWorkerThread(workerUrl())],
    adopt: adoptWorker,
    preferred: startsWorkers,
    precompiles: true,
  },
});

function workerUrl(): URL {
  return located('node-worker.js', 'worker', () => new URL('./node-worker.js', import.meta.url));
}
