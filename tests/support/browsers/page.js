import { Worker as Thread } from 'node:worker_threads';

/** Makes a thread of Node look like a web worker to a module. */
const prelude = `
  const { parentPort, workerData } = require('node:worker_threads');
  globalThis.postMessage = (message) => parentPort.postMessage(message);
  globalThis.addEventListener = (type, listener) => parentPort.on(type, (data) => listener({ data }));
  import(workerData).catch((error) => { throw error; });
`;

/** The page's side of a web worker, on a thread of Node. */
export class WebWorker extends EventTarget {
  static started = [];
  #thread;

  constructor(url) {
    super();
    this.#thread = new Thread(prelude, { eval: true, workerData: new.target.script ?? url.href });
    this.#thread.on('message', (data) => this.dispatchEvent(Object.assign(new Event('message'), { data })));
    this.#thread.on('error', ({ message }) => this.dispatchEvent(Object.assign(new Event('error'), { message })));
    this.terminated = new Promise((resolve) => {
      this.#thread.on('exit', resolve);
    });
    WebWorker.started.push(this);
  }

  postMessage(message, transfer) {
    this.#thread.postMessage(message, transfer);
  }

  terminate() {
    this.#thread.terminate();
  }
}

/**
 * Makes this process look like a page that has `Worker`, on a machine with one processor. Returns the package's entry for
 * browsers.
 */
export function enterPage(Worker) {
  Object.assign(globalThis, { document: { currentScript: null }, Worker });
  Object.defineProperty(globalThis, 'navigator', { value: { hardwareConcurrency: 1 }, configurable: true });
  return import('#internal/index.js');
}
