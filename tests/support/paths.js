import { fileURLToPath } from 'node:url';

/** The directory of the mini model. */
export const miniDirectory = fileURLToPath(new URL('../../pkg/mini', import.meta.url));

/** The package's code by file, for tests that look behind its exports. */
export const distUrl = new URL('../../pkg/dist/', import.meta.url);

/** The compiled engine. */
export const engineUrl = new URL('wasm/rerank.wasm', distUrl);

/** Texts with onnxruntime's logits for the mini model and for the model that it was quantised from. */
export const pairsUrl = new URL('../fixtures/mini_pairs.jsonl', import.meta.url);
