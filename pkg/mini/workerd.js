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
      size: 21_421_814,
      sha256: '9f584b182df23d690d892aabf245b1143e8fd86dee5e39ba0ac02ce4ed2f802c',
    },
    tokenizer,
  },
};

export default mini;
