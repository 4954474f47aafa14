/** @type {import('./index.d.ts').default} */
const recall = {
  name: 'rerank-wasm-recall',
  files: {
    bundle: {
      location: located('dist/model.bundle', () => new URL('./dist/model.bundle', import.meta.url)),
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

/**
 * In a bundle that is a script and no module, `import.meta` is empty. A script in CommonJS knows its directory. Without
 * an address the path stays relative, and rerank-wasm refuses it when the model is used.
 */
function located(path, url) {
  try {
    return url();
  } catch {
    if (typeof __dirname !== 'string') return path;
    return new URL(`file://${__dirname.replace(/[%?#]/g, encodeURIComponent)}/${path}`);
  }
}

export default recall;
