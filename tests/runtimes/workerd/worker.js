import { clearCache, createReranker, listCache, RerankError } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

let shared;

/** Functions that make a reranker, by the name in a request. */
const makers = {
  shared() {
    shared ??= createReranker({ model: mini });
    return shared;
  },
  async disposed() {
    const reranker = await createReranker({ model: mini });
    await reranker.dispose();
    return reranker;
  },
  given: (model) => createReranker({ model }),
  unknownModel: () => createReranker({ model: 'mini' }),
  directory: () => createReranker({ model: 'file:///models/mini' }),
  worker: () => createReranker({ model: mini, worker: true }),
  engineAsBytes: () => createReranker({ model: mini, wasm: Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0) }),
  wrongHash: () => createReranker(changed('tokenizer', (location) => ({ location, sha256: '0'.repeat(64) }))),
  wrongSize: () => createReranker(changed('tokenizer', (location) => ({ location, size: 757 }))),
  page: () => createReranker(changed('model', () => new TextEncoder().encode('<!doctype html><html></html>'))),
  cutGraph: () => createReranker(changed('model', ({ location }) => location.slice(0, 10_000_000))),
  noTokenizer: () => createReranker(changed('tokenizer', () => new TextEncoder().encode('not json'))),
};

/** A cache as a user would write one over R2: whole files in a map. */
class OwnCache {
  #files = new Map();

  async read(key) {
    const file = this.#files.get(key);
    return file && { ...file.facts, stream: new Blob(file.chunks).stream() };
  }

  async write(key) {
    const chunks = [];
    return {
      write: async (chunk) => void chunks.push(chunk),
      commit: async (facts) => void this.#files.set(key, { chunks, facts }),
      abort: async () => {},
    };
  }

  async delete(key) {
    this.#files.delete(key);
  }

  async list() {
    return [...this.#files].map(([key, { facts }]) => ({ key, ...facts }));
  }
}

const own = new OwnCache();

/**
 * Loads the model at a base URL, or of a repository, with the platform's cache or this worker's. Returns results, warnings and cached URLs.
 */
async function loadFrom(base, cache, options) {
  const warnings = [];
  const onWarning = ({ message }) => warnings.push(message);
  const reranker = await createReranker({ model: base, cache: cache === 'own' ? own : cache, onWarning, ...options });
  const results = await reranker.rerank('query', ['text']);
  await reranker.dispose();
  const entries = cache === 'own' ? await own.list() : await listCache();
  await clearCache();
  return { results, warnings, urls: entries.map(({ url }) => url) };
}

function changed(role, change) {
  return { model: { ...mini, files: { ...mini.files, [role]: change(mini.files[role]) } } };
}

async function answer({ reranker: maker, model, calls, base, cache, options }) {
  if (base) return loadFrom(base, cache, options);
  const reranker = await makers[maker](model);
  const results = await Promise.all(calls.map((call) => reranker.rerank(...call)));
  return { results, statistics: await reranker.statistics() };
}

export default {
  async fetch(request) {
    try {
      return Response.json(await answer(await request.json()));
    } catch (error) {
      if (!(error instanceof RerankError)) throw error;
      return Response.json({ code: error.code, message: error.message });
    }
  },
};
