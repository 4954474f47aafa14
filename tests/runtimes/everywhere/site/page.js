import { createReranker, listCache, RerankError } from './node_modules/rerank-wasm/dist/index.js';
import mini from './node_modules/rerank-wasm-mini/index.js';

const models = { mini, url: new URL('node_modules/rerank-wasm-mini', location.href) };

/** The results for each question, from a new reranker. */
async function rank({ model, questions, options }) {
  const warnings = [];
  const onWarning = ({ message, cause }) => warnings.push(cause ? `${message} (${cause.name})` : message);
  const reranker = await createReranker({ model: models[model], onWarning, ...options });
  const results = [];
  for (const { query, documents } of questions) results.push(await reranker.rerank(query, documents));
  const { threads } = await reranker.statistics();
  await reranker.dispose();
  return { results, warnings, threads, isolated: globalThis.crossOriginIsolated };
}

/** Begins to rank; `begun` gives what that gives. */
async function begin(call) {
  globalThis.begun = rank(call);
  // Whoever asks is told.
  globalThis.begun.catch(() => {});
}

/** Ranks while the server cuts the connection that the graph comes over, as soon as the page has a part of it. */
async function rankPastCut(call) {
  let cut;
  const onProgress = ({ file, loaded }) => {
    if (file === 'model' && loaded > 0) cut ??= fetch('/cut');
  };
  const ranked = await rank({ ...call, options: { ...call.options, onProgress } });
  await cut;
  return ranked;
}

/** Keeps what is cached from going away while the page is there. */
async function hold() {
  globalThis.held = await caches.open('rerank-wasm');
}

/** The addresses of the files that the cache has. */
async function cached() {
  return (await listCache()).map(({ url }) => url);
}

/** How a promise fails. */
function failureOf(promise) {
  return promise.then(
    () => 'no failure',
    (error) => (error instanceof RerankError ? error.code : `not a RerankError: ${error}`),
  );
}

/** How it fails to load the small model with a change to one of its files. */
function failureWith({ role, path, sha256, options }) {
  const file = { ...mini.files[role], ...(sha256 && { sha256 }) };
  const changed = path ? new URL(path, location.href) : file;
  return failureOf(
    createReranker({ model: { name: 'changed', files: { ...mini.files, [role]: changed } }, ...options }),
  );
}

/** How calls end that are aborted, or under way when the reranker is disposed; and what a call in between gives. */
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

/** What ranks a page that has the package from another origin, and the kinds of the workers it starts. */
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
  const reranker = await createReranker({ model, worker: true, cache: 'none' });
  const results = await reranker.rerank(query, documents);
  await reranker.dispose();
  return { results, kinds };
}

globalThis.actions = {
  rank,
  rankPastCut,
  begin,
  begun: () => globalThis.begun,
  hold,
  cached,
  failureWith,
  stops,
  rankFrom,
};
