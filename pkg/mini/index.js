/** @type {import('./index.d.ts').default} */
const mini = {
  name: 'rerank-wasm-mini',
  files: {
    model: {
      location: located('onnx/model_quantized.onnx', () => new URL('./onnx/model_quantized.onnx', import.meta.url)),
      size: 26_148_740,
      sha256: '4bb30df0920e40aab752a9ca08801f3c188fc6a8b087dd12643db92e8215bf20',
    },
    tokenizer: {
      location: located('tokenizer.json', () => new URL('./tokenizer.json', import.meta.url)),
      size: 865_425,
      sha256: '5d8ff4419cebfc0dbd8a209af13f403760ebc0849b8adaffd0feec62c72ddb0f',
    },
    config: {
      location: located('config.json', () => new URL('./config.json', import.meta.url)),
      size: 788,
      sha256: '37d7fd89bf468acb5eeeaf64981c852d740591e8101888976bf806c3f74d7545',
    },
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

export default mini;
