import { createEmbedder, createReranker, listCache, RerankError } from './node_modules/rerank-wasm/dist/index.js';
import mini from './node_modules/rerank-wasm-mini/index.js';
import { clockFor } from './winner.js';

const models = { mini, url: new URL('node_modules/rerank-wasm-mini', location.href) };

/** Returns the results for each question, from a new reranker. `winner` wins the race of its kernels. */
async function rank({ model, questions, options, winner }) {
  const warnings = [];
  const onWarning = ({ message, cause }) => warnings.push(cause ? `${message} (${cause.name})` : message);
  const { now } = performance;
  if (winner) performance.now = clockFor(winner.index, winner.entrants);
  const reranker = await createReranker({ model: models[model] ?? model, onWarning, ...options });
  performance.now = now;
  const results = [];
  for (const { query, documents } of questions) results.push(await reranker.rerank(query, documents));
  const { threads, kernel } = await reranker.statistics();
  await reranker.dispose();
  // Two kernels may be equally fast, so another load may take another one.
  return { results, warnings, threads, ...(winner && { kernel }), isolated: globalThis.crossOriginIsolated };
}

/** Returns the vectors of texts, from a new embedder. */
async function embed({ model, texts }) {
  const embedder = await createEmbedder({ model: new URL(model, location.href), cache: 'none' });
  const { embeddings } = await embedder.embed(texts);
  await embedder.dispose();
  return embeddings.map((vector) => [...vector]);
}

/** As `rank`, in workers that refuse memory to share above these megabytes. */
function rankWithLimit({ megabytes, options, ...call }) {
  const worker = () => new Worker(`worker-with-limit.js?megabytes=${megabytes}`, { type: 'module' });
  return rank({ ...call, options: { ...options, worker } });
}

/** Returns the code of the failure of a reranker with such workers. */
function failureWithLimit({ megabytes, options }) {
  const worker = () => new Worker(`worker-with-limit.js?megabytes=${megabytes}`, { type: 'module' });
  return failureOf(createReranker({ model: mini, worker, ...options }));
}

/** Returns the kernel that a new reranker runs. */
async function kernel(options) {
  const reranker = await createReranker({ model: mini, ...options });
  const { kernel } = await reranker.statistics();
  await reranker.dispose();
  return kernel;
}

/** Begins to rank. The action `begun` returns the outcome. */
async function begin(call) {
  globalThis.begun = rank(call);
  // `begun` reports a failure.
  globalThis.begun.catch(() => {});
}

/** Ranks while the server cuts the graph's connection, once the page has a part of the graph. */
async function rankPastCut(call) {
  let cut;
  const onProgress = ({ file, loaded }) => {
    if (file === 'model' && loaded > 0) cut ??= fetch('/cut');
  };
  const ranked = await rank({ ...call, options: { ...call.options, onProgress } });
  await cut;
  return ranked;
}

/** Keeps the cache open, so that its files stay while the page is there. */
async function hold() {
  globalThis.held = await caches.open('rerank-wasm');
}

/** Returns the URLs of the cached files. */
async function cached() {
  return (await listCache()).map(({ url }) => url);
}

/** Returns the code of a promise's failure. */
function failureOf(promise) {
  return promise.then(
    () => 'no failure',
    (error) => (error instanceof RerankError ? error.code : `not a RerankError: ${error}`),
  );
}

/** Loads the small model with one file changed. Returns the code of the failure. */
function failureWith({ role, path, sha256, options }) {
  const file = { ...mini.files[role], ...(sha256 && { sha256 }) };
  const changed = path ? new URL(path, location.href) : file;
  return failureOf(
    createReranker({ model: { name: 'changed', files: { ...mini.files, [role]: changed } }, ...options }),
  );
}

/** Returns how calls end: an aborted one, one after it, and two that run when the reranker is disposed. */
async function stops() {
  const reranker = await createReranker({ model: mini });
  const controller = new AbortController();
  const documents = Array.from({ length: 200 }, (_, index) => `document ${index}`);
  const onProgress = ({ done }) => done === 2 && controller.abort();
  const aborted = await failureOf(reranker.rerank('query', documents, { signal: controller.signal, onProgress }));
  const { length } = await reranker.rerank('query', ['text']);
  const running = [1, 2].map(() => failureOf(reranker.rerank('query', documents)));
  await reranker.dispose();
  return [aborted, length, ...(await Promise.all(running))];
}

/** Ranks with the package from another origin. Returns the results and the URL schemes of the workers. */
async function rankFrom({ base, question: { query, documents } }) {
  const kinds = [];
  globalThis.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      kinds.push(new URL(url).protocol);
    }
  };
  const { createReranker } = await import(`${base}/rerank-wasm/dist/index.js`);
  const { default: model } = await import(`${base}/rerank-wasm-mini/index.js`);
  const reranker = await createReranker({ model, worker: true, threads: 2, cache: 'none' });
  const results = await reranker.rerank(query, documents);
  await reranker.dispose();
  return { results, kinds };
}

globalThis.actions = {
  rank,
  rankWithLimit,
  failureWithLimit,
  kernel,
  rankPastCut,
  begin,
  begun: () => globalThis.begun,
  hold,
  cached,
  failureWith,
  stops,
  rankFrom,
  embed,
};
