import { clearCache, listCache } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

const sizeOf = ({ files }) => Object.values(files).reduce((sum, { size }) => sum + size, 0);

/** The models that the page offers, the first by default. `bytes` is what all files have together. */
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

/** Whether this model was downloaded before: its graph is kept, nearly all of it. Other files may be kept in other forms. */
export async function isHere({ local, repository, graph }) {
  if (local) return true;
  const entries = await listCache().catch(() => []);
  return entries.some(({ url }) => url.includes(repository) && url.endsWith(graph));
}

/** Gives the disk back what downloaded models take. */
export const removeDownloads = clearCache;

/** Adds up the files' progress: what `onProgress` tells becomes one share of the model's bytes. */
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
