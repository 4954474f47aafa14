import { createReranker, RerankError } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

let shared;

/** Ways to make a reranker, by the name that a request gives. */
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
  unknownModel: () => createReranker({ model: 'mini' }),
  directory: () => createReranker({ model: 'file:///models/mini' }),
  worker: () => createReranker({ model: mini, worker: true }),
  engineAsBytes: () => createReranker({ model: mini, wasm: Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0) }),
  wrongHash: () => createReranker(changed('config', (file) => ({ ...file, sha256: '0'.repeat(64) }))),
  wrongSize: () => createReranker(changed('config', (file) => ({ ...file, size: 757 }))),
  page: () => createReranker(changed('model', () => new TextEncoder().encode('<!doctype html><html></html>'))),
  cutGraph: () => createReranker(changed('model', ({ location }) => location.slice(0, 10_000_000))),
  noTokenizer: () => createReranker(changed('tokenizer', () => new TextEncoder().encode('not json'))),
};

function changed(role, change) {
  return { model: { ...mini, files: { ...mini.files, [role]: change(mini.files[role]) } } };
}

async function answer({ reranker: maker, calls }) {
  const reranker = await makers[maker]();
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
