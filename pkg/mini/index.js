/** @type {import('./index.d.ts').default} */
const mini = {
  name: 'rerank-wasm-mini',
  files: {
    model: {
      location: new URL('./onnx/model_quantized.onnx', import.meta.url),
      size: 26_029_817,
      sha256: '59afffbdd47e4a6fff8bf4bf3e6ab613cb456288125098cfd01e0325d4c3998d',
    },
    tokenizer: {
      location: new URL('./tokenizer.json', import.meta.url),
      size: 1_530_237,
      sha256: 'e98d8617e6d44e7ccda95f48917372bbcd0374dd5096ab05c46c641b5eeaea8f',
    },
    config: {
      location: new URL('./config.json', import.meta.url),
      size: 758,
      sha256: 'd9b421d457610612914ebc2f83a0a712c40fa0072535ea014c6345709e10bd83',
    },
  },
};

export default mini;
