// workerd has no file system and no import.meta.url, so the files are Data modules: ArrayBuffers. The tokenizer is in
// the compact form, which is smaller and loads faster. The engine's defaults are those of config.json.
import tokenizer from './dist/tokenizer.bin';
import model from './onnx/model_quantized.onnx';

/** @type {import('./index.d.ts').default} */
const mini = {
  name: 'rerank-wasm-mini',
  files: {
    model: {
      location: model,
      size: 26_148_740,
      sha256: '4bb30df0920e40aab752a9ca08801f3c188fc6a8b087dd12643db92e8215bf20',
    },
    tokenizer,
  },
};

export default mini;
