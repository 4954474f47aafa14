import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { megabytes } from './words.js';

const state = document.querySelector('#model-state');
const progress = document.querySelector('#model-progress');

/** Loads the small model into a worker and shows how far that is. */
export async function loadModel() {
  progress.hidden = false;
  progress.removeAttribute('value');
  state.textContent = 'Starting the engine';
  try {
    const reranker = await createReranker({ model: mini, onProgress: show });
    const { model, maxTokens } = await reranker.statistics();
    state.textContent = `${model} is ready; it reads up to ${maxTokens} tokens of query and passage.`;
    return reranker;
  } catch (error) {
    state.textContent = 'Not loaded.';
    throw error;
  } finally {
    progress.hidden = true;
  }
}

function show({ phase, file, loaded, total }) {
  if (phase === 'download' && total) {
    state.textContent = `Loading the ${file}: ${megabytes(loaded)} of ${megabytes(total)}`;
    progress.max = total;
    progress.value = loaded;
  } else if (phase === 'load') {
    state.textContent = 'Preparing the model';
    progress.removeAttribute('value');
  }
}
