import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';

import { IdleBackend } from '#internal/opening/idle.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { fakeBackend } from '../../support/models/fake-backend.js';

/** Calls `work` while `pass(milliseconds)` lets time pass. */
async function withClock(work) {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    await work(async (milliseconds) => {
      mock.timers.tick(milliseconds);
      await settled();
    });
  } finally {
    mock.timers.reset();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function task(texts, more = {}) {
  const scored = [];
  const onResult = ({ index }) => scored.push(index);
  const request = { kind: 'score', query: 'q', maxTokens: undefined, chunk: false };
  return { request, texts, onResult, signal: undefined, scored, ...more };
}

/** An idle backend after `first`, which `others` replace in their order. */
async function idle(first, others, { load = async () => {} } = {}) {
  const waiting = [...others];
  const loads = [];
  const backend = await IdleBackend.start(
    first,
    async (signal) => {
      loads.push(signal);
      await load(signal);
      return waiting.shift();
    },
    1000,
  );
  return { backend, loads };
}

describe('a model with an idle timeout', () => {
  it('is freed after that time without calls, and loaded again by the next call', () =>
    withClock(async (pass) => {
      const [first, second] = [fakeBackend(), fakeBackend()];
      const { backend, loads } = await idle(first, [second]);
      await pass(999);
      await backend.run(task(['a']));
      await pass(999);
      assert.equal(first.noted.disposed, 0);
      await pass(1);
      assert.equal(first.noted.disposed, 1);
      assert.equal(loads.length, 0);
      const call = task(['a', 'b']);
      await backend.run(call);
      assert.deepEqual(call.scored, [0, 1]);
      assert.deepEqual([first.noted.calls.length, second.noted.calls.length, loads.length], [1, 1, 1]);
      await pass(1000);
      assert.equal(second.noted.disposed, 1);
    }));

  it('is not freed during a call, however long that is', () =>
    withClock(async (pass) => {
      const gate = deferred();
      const first = fakeBackend({ ready: () => gate.promise });
      const { backend } = await idle(first, []);
      const running = backend.run(task(['a']));
      await backend.run(task([]));
      await pass(10_000);
      assert.equal(first.noted.disposed, 0);
      gate.resolve();
      await running;
      await pass(1000);
      assert.equal(first.noted.disposed, 1);
    }));

  it('says what it is while it is freed, without a load', () =>
    withClock(async (pass) => {
      const { backend, loads } = await idle(fakeBackend(), []);
      const before = await backend.statistics();
      await pass(999);
      await backend.statistics();
      await pass(1);
      assert.deepEqual(await backend.statistics(), { ...before, memoryBytes: 0 });
      assert.equal(loads.length, 0);
    }));

  it('is not loaded for a call without documents', () =>
    withClock(async (pass) => {
      const { backend, loads } = await idle(fakeBackend(), [fakeBackend()]);
      await pass(1000);
      await backend.run(task([]));
      assert.equal(loads.length, 0);
      await backend.run(task(['a']));
      assert.equal(loads.length, 1);
      await pass(1000);
      await backend.dispose();
      await rejectsWith(backend.run(task([])), 'disposed');
    }));

  it('is loaded once for calls that arrive together, after its memory is free', () =>
    withClock(async (pass) => {
      const freed = deferred();
      const first = fakeBackend();
      first.dispose = () => freed.promise;
      const { backend, loads } = await idle(first, [fakeBackend()]);
      await pass(1000);
      const calls = [task(['a']), task(['b'])];
      const running = Promise.all(calls.map((call) => backend.run(call)));
      await settled();
      assert.equal(loads.length, 0);
      freed.resolve();
      await running;
      assert.equal(loads.length, 1);
      assert.deepEqual(
        calls.map(({ scored }) => scored),
        [[0], [0]],
      );
    }));

  it('is freed again if the call that loaded it was aborted', () =>
    withClock(async (pass) => {
      const gate = deferred();
      const second = fakeBackend();
      const { backend } = await idle(fakeBackend(), [second], { load: () => gate.promise });
      await pass(1000);
      const controller = new AbortController();
      const running = backend.run(task(['a'], { signal: controller.signal }));
      await settled();
      controller.abort();
      await rejectsWith(running, 'aborted');
      await pass(1000);
      gate.resolve();
      await settled();
      assert.equal(second.noted.disposed, 0);
      await pass(1000);
      assert.equal(second.noted.disposed, 1);
    }));

  it('tries again after a load that failed', () =>
    withClock(async (pass) => {
      let failures = 1;
      const load = async () => {
        if (failures-- > 0) throw new Error('no network');
      };
      const { backend, loads } = await idle(fakeBackend(), [fakeBackend()], { load });
      await pass(1000);
      await assert.rejects(backend.run(task(['a'])), /no network/);
      const call = task(['a']);
      await backend.run(call);
      assert.deepEqual([call.scored, loads.length], [[0], 2]);
    }));

  it('fails calls with `disposed` if it is disposed while it loads', () =>
    withClock(async (pass) => {
      const aborted = (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      const { backend } = await idle(fakeBackend(), [], { load: aborted });
      await pass(1000);
      const failure = rejectsWith(backend.run(task(['a'])), 'disposed');
      await settled();
      await backend.dispose();
      await failure;
      await rejectsWith(backend.run(task(['a'])), 'disposed');
      await rejectsWith(backend.statistics(), 'disposed');
    }));

  it('disposes of a model that arrives after that', () =>
    withClock(async (pass) => {
      const gate = deferred();
      const second = fakeBackend();
      const { backend } = await idle(fakeBackend(), [second], { load: () => gate.promise });
      await pass(1000);
      const failure = rejectsWith(backend.run(task(['a'])), 'disposed');
      await settled();
      const disposal = backend.dispose();
      gate.resolve();
      await disposal;
      await failure;
      assert.ok(second.noted.disposed > 0);
    }));
});
