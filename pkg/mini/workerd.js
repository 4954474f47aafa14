// workerd has no file system and no import.meta.url: the files come as Data modules, that is, as ArrayBuffers.
import config from './config.json';
import model from './onnx/model_quantized.onnx';
import tokenizer from './tokenizer.json';

/** @type {import('./index.d.ts').default} */
const mini = {
  name: 'rerank-wasm-mini',
  files: {
    model: {
      location: model,
      size: 26_029_817,
      sha256: '59afffbdd47e4a6fff8bf4bf3e6ab613cb456288125098cfd01e0325d4c3998d',
    },
    tokenizer: {
      location: tokenizer,
      size: 1_530_237,
      sha256: 'e98d8617e6d44e7ccda95f48917372bbcd0374dd5096ab05c46c641b5eeaea8f',
    },
    config: {
      location: config,
      size: 758,
      sha256: 'd9b421d457610612914ebc2f83a0a712c40fa0072535ea014c6345709e10bd83',
    },
  },
};

export default mini;
