// workerd has no file system and no import.meta.url, so the bundle is a Data module: an ArrayBuffer.
import model from './dist/model.bundle';

/** @type {import('./index.d.ts').default} */
const recall = {
  name: 'rerank-wasm-recall',
  files: {
    bundle: {
      location: model,
      size: 34_960_125,
      sha256: 'a0f2fca51386805dbb4849e0bafefa6ed8479c4456b9d501cc096fdea8191b1b',
    },
  },
  embedding: {
    pooling: 'cls',
    prompts: { query: 'Represent this sentence for searching relevant passages: ' },
    maxTokens: 512,
  },
};

export default recall;
