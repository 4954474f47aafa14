import { RerankError } from 'rerank-wasm';

const sentences = {
  invalid_input: 'The package did not accept what this page asked for.',
  model_not_found: 'A file of the model is not where it should be.',
  download_failed: 'The model could not be downloaded. Is there a network?',
  integrity_mismatch: 'A file of the model is not the one that was published.',
  invalid_model: 'A file of the model is damaged.',
  unsupported_model: 'The engine cannot run this model.',
  unsupported_environment: 'This browser lacks or refuses what this needs.',
  out_of_memory: 'There is not enough memory for this.',
  disposed: 'The model was unloaded.',
};

/** Explains a failure: a sentence for users, and the package's code and message for developers. */
export function explain(error) {
  if (!(error instanceof RerankError)) {
    return { sentence: 'Something in this page failed.', code: 'page', message: String(error?.message ?? error) };
  }
  return { sentence: sentences[error.code] ?? 'The engine failed.', code: error.code, message: error.message };
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 100e6 ? 1 : 0)} MB`;
export const size = (bytes) => (bytes < 1e6 ? `${whole.format(bytes / 1e3)} kB` : megabytes(bytes));
export const wholeMegabytes = (bytes) => `${whole.format(bytes / 1e6)} MB`;
export const milliseconds = (value) =>
  value < 1000 ? `${precise.format(value)} ms` : `${precise.format(value / 1000)} s`;
export const rate = (value) => precise.format(value);
export const score = (value) => value.toFixed(3);
export const files = (number) => `${number} ${number === 1 ? 'file' : 'files'}`;
export const passages = (number) => `${whole.format(number)} ${number === 1 ? 'passage' : 'passages'}`;
