import { clearCache, listCache } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

const sizeOf = ({ files }) => Object.values(files).reduce((sum, { size }) => sum + size, 0);

/** The models that the page offers, the first by default. `bytes` is the size of all files. */
export const models = [
  {
    name: mini.name,
    bytes: sizeOf(mini),
    // The browser's HTTP cache and the service worker keep these files, beside the page.
    options: { model: mini, cache: 'none' },
    local: true,
  },
  {
    name: 'bge-reranker-base',
    bytes: 296_399_938,
    options: { model: 'bge-reranker-base' },
    local: false,
    repository: '/Xenova/bge-reranker-base/',
    graph: '/onnx/model_quantized.onnx',
  },
];

/**
 * True if the cache holds this model's graph, which is nearly all of it. The cache may keep other files in other forms, so
 * they do not count.
 */
export async function isHere({ local, repository, graph }) {
  if (local) return true;
  const entries = await listCache().catch(() => []);
  return entries.some(({ url }) => url.includes(repository) && url.endsWith(graph));
}

/** Removes all downloaded models from the disk. */
export const removeDownloads = clearCache;

/** Returns an `onProgress` that adds up the files and reports their share of the model's bytes. */
export function meter(total, show) {
  const loadedOf = new Map();
  const began = performance.now();
  return ({ phase, file, loaded }) => {
    if (phase === 'load') return show({ preparing: true });
    if (phase !== 'download') return undefined;
    loadedOf.set(file, loaded);
    const sum = [...loadedOf.values()].reduce((left, right) => left + right, 0);
    return show({ loaded: Math.min(sum, total), total, milliseconds: performance.now() - began });
  };
}
