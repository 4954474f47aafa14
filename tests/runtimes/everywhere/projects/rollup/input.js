/** The page, and the scripts of its workers by the names that the package looks for. */
export const input = {
  rank: 'rank.js',
  worker: 'rerank-wasm/worker',
  'worker-threads': 'rerank-wasm/worker-threads',
};
