import { RerankError } from 'rerank-wasm';

const advice = {
  download_failed:
    'Is there a network here? Without one, MODEL can name a directory that has config.json, tokenizer.json and\n' +
    'onnx/model_quantized.onnx; without MODEL the embedded model is used.',
  model_not_found: 'MODEL is bge-reranker-base, a URL or a directory; without MODEL the embedded model is used.',
  integrity_mismatch: 'The file is not the published one. Was the download changed on its way?',
  out_of_memory: 'Close other programs, or use the embedded model: run without MODEL.',
};

/** A failure in words, for people. */
export function explain(error) {
  if (!(error instanceof RerankError)) return `error: ${error.message}`;
  const reasons = [error.message, ...rootReasons(error.cause, error.message)];
  return [`error: ${error.code}: ${reasons.join(': ')}`, advice[error.code]].filter(Boolean).join('\n');
}

/** What the causes say that has not been said: fetch hides behind "fetch failed" that a host was not found. */
function rootReasons(cause, said) {
  if (!(cause instanceof Error)) return [];
  const message = cause.message || cause.code;
  if (!message || said.includes(message)) return rootReasons(cause.cause, said);
  return [message, ...rootReasons(cause.cause, `${said} ${message}`)];
}
