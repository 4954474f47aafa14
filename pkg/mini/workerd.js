// workerd has no file system and no import.meta.url: the files come as Data modules, that is, as ArrayBuffers. The
// tokenizer is in the compact form, which is smaller and sooner ready; what config.json says is the engine's default.
import tokenizer from './dist/tokenizer.bin';
import model from './onnx/model_quantized.onnx';

/** @type {import('./index.d.ts').default} */
const mini = {
  name: 'rerank-wasm-mini',
  files: {
    model: {
      location: model,
      size: 26_029_817,
      sha256: '59afffbdd47e4a6fff8bf4bf3e6ab613cb456288125098cfd01e0325d4c3998d',
    },
    tokenizer,
  },
};

export default mini;
