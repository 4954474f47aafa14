/** @type {import('./index.d.ts').default} */
const mini = {
  name: 'rerank-wasm-mini',
  files: {
    model: {
      location: new URL('./onnx/model_quantized.onnx', import.meta.url),
      size: 21_421_814,
      sha256: '9f584b182df23d690d892aabf245b1143e8fd86dee5e39ba0ac02ce4ed2f802c',
    },
    tokenizer: {
      location: new URL('./tokenizer.json', import.meta.url),
      size: 912_333,
      sha256: '951d813162f6008f00bc507e32991e1dd9160a6010c119203fcdab6c11e2e8a2',
    },
    config: {
      location: new URL('./config.json', import.meta.url),
      size: 788,
      sha256: 'd6a31c7ffcf3b9be8a129bd6c9aa5bef526c61d017d2810e6bc3c7dad8a30c54',
    },
  },
};

export default mini;
