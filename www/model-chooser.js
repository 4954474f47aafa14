import { createReranker } from 'rerank-wasm';

import { isHere, meter, models, removeDownloads } from './models.js';
import { explain, megabytes, wholeMegabytes } from './words.js';

const find = (selector) => document.querySelector(selector);
const fetching = find('#fetching');
const text = find('#fetching-text');
const progress = find('#fetching-progress');
const start = find('#fetching-start');
const cancel = find('#fetching-cancel');
const note = find('#model-note');
const remove = find('#remove');

/**
 * Lets the user choose the model that ranks. It asks before it downloads a model. The model in use stays in use until the
 * new one is ready.
 */
export class ModelChooser {
  reranker;
  #listeners;
  #inUse = models[0];
  #radios;
  /** `#loading` stops the load of the model in use, `#controller` that of another one. */
  #loading;
  #controller;

  /** `listeners.ready(name)` runs after a change of the model, `listeners.announce(text)` speaks to screen readers. */
  constructor(listeners) {
    this.#listeners = listeners;
    this.#radios = models.map((model) => this.#choice(model));
    start.addEventListener('click', () => this.#fetch(this.#chosen));
    cancel.addEventListener('click', () => this.#giveUp());
    remove.addEventListener('click', () => this.#remove());
  }

  /**
   * Loads the model in use, for the first time or after its instance crashed. `show` receives the progress. If another
   * model is ready sooner, it takes the place of this one.
   */
  async load(show) {
    const { options, bytes } = this.#inUse;
    const old = this.reranker;
    this.#loading?.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.reranker = undefined;
    await old?.dispose();
    try {
      const onProgress = meter(bytes, (state) => signal.aborted || show(state));
      const reranker = await createReranker({ ...options, signal, onProgress });
      if (signal.aborted) reranker.dispose();
      else this.reranker = reranker;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    this.#showRemove();
  }

  get name() {
    return this.#inUse.name;
  }

  get #chosen() {
    return models[this.#radios.findIndex(({ checked }) => checked)];
  }

  #choice({ name, bytes, local }) {
    const radio = find(`[name=model][value=${name}]`);
    radio.closest('label').querySelector('.size').textContent = `${wholeMegabytes(bytes)}${local ? '' : ' download'}`;
    radio.checked = name === this.name;
    radio.addEventListener('change', () => this.#choose());
    return radio;
  }

  async #choose() {
    this.#stop();
    const model = this.#chosen;
    note.hidden = true;
    fetching.hidden = true;
    if (model === this.#inUse) return;
    const here = await isHere(model);
    if (model !== this.#chosen) return;
    if (here) {
      this.#fetch(model);
      return;
    }
    this.#prompt(model);
  }

  #prompt({ bytes }) {
    text.textContent = `Downloads ${wholeMegabytes(bytes)} from huggingface.co, once, and keeps it in this browser. It takes about 300 MB of memory.`;
    start.hidden = false;
    start.textContent = `Download ${wholeMegabytes(bytes)}`;
    progress.hidden = true;
    fetching.hidden = false;
  }

  async #fetch(model) {
    const controller = new AbortController();
    const { signal } = controller;
    this.#controller = controller;
    const hadFocus = document.activeElement === start;
    note.hidden = true;
    start.hidden = true;
    progress.hidden = false;
    progress.removeAttribute('value');
    fetching.hidden = false;
    text.textContent = `Loading ${model.name}`;
    if (hadFocus) cancel.focus();
    const warnings = [];
    try {
      const reranker = await createReranker({
        ...model.options,
        signal,
        onProgress: meter(model.bytes, (state) => signal.aborted || showFetching(state)),
        onWarning: ({ message }) => warnings.push(message),
      });
      if (signal.aborted) reranker.dispose();
      else this.#take(model, reranker, warnings);
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    }
  }

  #take(model, reranker, warnings) {
    const focused = fetching.contains(document.activeElement);
    const old = this.reranker;
    this.#loading?.abort();
    this.#controller = undefined;
    this.#inUse = model;
    this.reranker = reranker;
    fetching.hidden = true;
    if (focused) this.#radios[models.indexOf(model)].focus();
    if (warnings.length > 0) say(`It could not be kept, so the next visit downloads it again: ${warnings[0]}`);
    this.#showRemove();
    this.#listeners.announce(`${model.name} is ready`);
    this.#listeners.ready(model.name);
    old?.dispose();
  }

  #failed(error) {
    const { sentence, code, message } = explain(error);
    this.#controller = undefined;
    this.#prompt(this.#chosen);
    start.textContent = 'Try again';
    say(`${sentence} (${code}: ${message}) ${this.name} stays in use.`);
    this.#listeners.announce(note.textContent);
  }

  #giveUp() {
    const radio = this.#radios[models.indexOf(this.#inUse)];
    this.#stop();
    fetching.hidden = true;
    note.hidden = true;
    radio.checked = true;
    radio.focus();
    this.#listeners.announce(`${this.name} stays in use`);
  }

  #stop() {
    this.#controller?.abort();
    this.#controller = undefined;
  }

  async #showRemove() {
    const [, far] = models;
    remove.hidden = !(await isHere(far));
  }

  async #remove() {
    try {
      await removeDownloads();
      say('The downloaded files are gone from this browser.');
    } catch (error) {
      say(`They could not be removed: ${error.message}`);
    }
    this.#radios[models.indexOf(this.#inUse)].focus();
    this.#showRemove();
  }
}

function showFetching({ preparing, loaded, total, milliseconds }) {
  if (preparing) {
    progress.removeAttribute('value');
    text.textContent = 'Preparing the model';
    return;
  }
  const speed = loaded / milliseconds;
  const pace = milliseconds > 1000 && speed > 0 ? `, ${megabytes(speed * 1000)}/s` : '';
  progress.max = total;
  progress.value = loaded;
  text.textContent = `${megabytes(loaded)} of ${megabytes(total)}${pace}`;
}

function say(words) {
  note.textContent = words;
  note.hidden = false;
}
