import { RerankError } from 'rerank-wasm';

const sentences = {
  invalid_input: 'The package did not accept what this page asked for.',
  model_not_found: 'A file of the model is not where it should be.',
  download_failed: 'The model could not be downloaded.',
  integrity_mismatch: 'A file of the model is not the one that was published.',
  invalid_model: 'A file of the model is damaged.',
  unsupported_model: 'The engine cannot run this model.',
  unsupported_environment: 'This browser cannot run the engine.',
  out_of_memory: 'There is not enough memory for the model.',
  disposed: 'The model was unloaded.',
};

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A failure in words, with the package's code and message for those who look for the cause. */
export function explain(error) {
  if (!(error instanceof RerankError)) return `Something in this page failed: ${error?.message ?? error}`;
  return `${sentences[error.code] ?? 'The engine failed.'} (${error.code}: ${error.message})`;
}

export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
export const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;
export const count = (number) => grouped.format(number);
export const passages = (number) => `${count(number)} ${number === 1 ? 'passage' : 'passages'}`;
