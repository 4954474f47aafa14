import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { WorkerLink } from '#internal/workers/link.js';

/** A worker that notes its messages, answers each request, and cannot receive those that `refuses` names. */
function fakeWorker({ refuses = () => false } = {}) {
  const listeners = new Map();
  const noted = [];
  const tell = (data) => queueMicrotask(() => listeners.get('message')({ data }));
  return {
    noted,
    addEventListener(type, listener) {
      listeners.set(type, listener);
      if (type === 'message') tell({ type: 'ready' });
    },
    postMessage(message) {
      if (refuses(message)) throw new DOMException('could not be cloned', 'DataCloneError');
      noted.push(message);
      if (message.id !== undefined) tell({ type: 'answer', id: message.id, value: undefined });
    },
    terminate() {},
  };
}

const source = { model: { name: 'm', files: [] }, wasm: undefined, threads: undefined, cache: 'none' };

describe('an engine that is offered to a worker', () => {
  const engine = { threaded: false, module: {} };

  it('reaches it before the load', async () => {
    const worker = fakeWorker();
    const link = await WorkerLink.start(() => worker, undefined);
    link.offer(engine);
    await link.load(source, {});
    assert.deepEqual(
      worker.noted.map(({ type }) => type),
      ['engine', 'load'],
    );
    assert.equal(worker.noted[0].engine, engine);
  });

  it('is left out where modules cannot be sent', async () => {
    const worker = fakeWorker({ refuses: ({ type }) => type === 'engine' });
    const link = await WorkerLink.start(() => worker, undefined);
    link.offer(engine);
    await link.load(source, {});
    assert.deepEqual(
      worker.noted.map(({ type }) => type),
      ['load'],
    );
  });
});
