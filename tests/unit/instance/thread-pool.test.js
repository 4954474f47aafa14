import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { InPlaceBackend } from '#internal/engine/in-place.js';
import { startEngine } from '#internal/engine/start.js';
import { Instance } from '#internal/instance/instance.js';
import { ThreadPool } from '#internal/instance/thread-pool.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { engineUrl } from '../../support/paths.js';

const task = {};
const noMemory = { buffer: new ArrayBuffer(0) };

/** Starts threads that do what `begin` says. Counts the threads that it started and those that were ended. */
function stub(begin = () => {}) {
  const threads = { started: 0, ended: 0 };
  threads.start = (_, listener) => {
    threads.started += 1;
    begin(listener, threads.started);
    return async () => {
      threads.ended += 1;
    };
  };
  return threads;
}

const ready = (listener) => listener.receive({ type: 'thread-ready' });

/** Runs `work` with a short time limit for the start of a thread. */
async function hurried(work) {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (callback, milliseconds, ...rest) =>
    setTimeout(callback, milliseconds === 30_000 ? 20 : milliseconds, ...rest);
  try {
    return await work();
  } finally {
    globalThis.setTimeout = setTimeout;
  }
}

describe('a pool of threads', () => {
  it('that cannot start the second ends the first, and a later abort means nothing', async () => {
    const threads = stub((_, number) => {
      if (number === 2) throw new Error('no more threads');
    });
    const controller = new AbortController();
    const starting = ThreadPool.start(3, threads.start, task, controller.signal);
    await rejectsWith(
      starting,
      'unsupported_environment',
      /^The threads of the engine could not be started: no more threads; use `threads: 1`\.$/,
    );
    assert.deepEqual([threads.started, threads.ended], [2, 1]);
    // An unhandled rejection fails the test.
    controller.abort();
    await sleep(20);
  });

  it('that has a thread which says nothing is given up after a while', async () => {
    const threads = stub((listener, number) => number === 1 && ready(listener));
    const starting = hurried(() => ThreadPool.start(3, threads.start, task, undefined));
    await rejectsWith(
      starting,
      'unsupported_environment',
      /could not be started: one did not answer within 30 s; use `threads: 1`\.$/,
    );
    assert.deepEqual([threads.started, threads.ended], [3, 3]);
  });

  it('is done without then where as many threads as possible are wanted, with a word', async () => {
    const threads = stub();
    const platform = {
      defaultEngine: async () => WebAssembly.compile(await readFile(engineUrl)),
      threads: {
        processors: () => 3,
        room: () => 3,
        engine: async () => WebAssembly.compile(await readFile(engineUrl)),
        startInstance: (_, { count, signal }) => ThreadPool.start(count - 1, threads.start, task, signal),
      },
    };
    const warnings = [];
    const warn = ({ code, message }) => warnings.push(`${code}: ${message}`);
    const { instance } = await hurried(() => startEngine({ threads: 'auto', warn }, platform));
    assert.equal(instance.threads, 1);
    assert.equal(threads.ended, 2);
    assert.equal(warnings.length, 1);
    const reason = 'The threads of the engine could not be started: one did not answer within 30 s; use `threads: 1`.';
    assert.equal(warnings[0], `threads_unavailable: The engine runs on one thread. ${reason}`);
    const exact = hurried(() => startEngine({ threads: 3, warn }, platform));
    await rejectsWith(
      exact,
      'unsupported_environment',
      /^The threads of the engine could not be started: .* 30 s; use `threads: 1`\.$/,
    );
  });

  it('starts none for a signal that has spoken', async () => {
    const threads = stub();
    await rejectsWith(ThreadPool.start(2, threads.start, task, AbortSignal.abort()), 'aborted');
    assert.equal(threads.started, 0);
  });

  for (const [what, breakIt] of [
    ['sound', () => {}],
    ['crashed', (listeners) => listeners[0].fail('it crashed')],
  ]) {
    it(`has ended when any call that disposes a ${what} instance says so`, async () => {
      const listeners = [];
      const ends = [];
      const start = (_, listener) => {
        listeners.push(listener);
        ready(listener);
        return () => new Promise((resolve) => ends.push(resolve));
      };
      const instance = Instance.withThreads({}, noMemory, await ThreadPool.start(2, start, task, undefined));
      const backend = new InPlaceBackend({ name: 'stub', maxTokens: 512, instance }, {});
      breakIt(listeners);
      assert.equal(instance.usable, what === 'sound');
      let disposed = 0;
      const disposals = [1, 2].map(async () => {
        await backend.dispose();
        disposed += 1;
      });
      await sleep(20);
      assert.equal(ends.length, 2);
      assert.equal(disposed, 0);
      for (const end of ends) end();
      await Promise.all(disposals);
    });
  }

  it('of an instance that was replaced has ended when the other is disposed', async () => {
    const ends = [];
    let crash;
    const start = (_, listener) => {
      crash = () => listener.fail('it crashed');
      ready(listener);
      return () => new Promise((resolve) => ends.push(resolve));
    };
    const load = async () => ({
      name: 'stub',
      maxTokens: 512,
      instance: Instance.withThreads({}, noMemory, await ThreadPool.start(1, start, task, undefined)),
    });
    const backend = new InPlaceBackend(await load(), {}, load);
    crash();
    const replaced = rejectsWith(backend.statistics(), 'disposed');
    let disposed = false;
    const disposal = backend.dispose().then(() => {
      disposed = true;
    });
    await sleep(20);
    assert.equal(ends.length, 1);
    assert.equal(disposed, false);
    ends[0]();
    await Promise.all([disposal, replaced]);
    assert.equal(ends.length, 1);
  });

  /**
   * Makes a backend with instances that lose their thread when a document of this text begins. They score other
   * documents. Returns a function that scores, and the list of instances.
   */
  async function withFragileEngines(text, replaced) {
    const engines = [];
    const load = async () => {
      let crash;
      const start = (_, listener) => {
        crash = () => listener.fail('it crashed');
        ready(listener);
        return async () => {};
      };
      const instance = Instance.withThreads({}, noMemory, await ThreadPool.start(1, start, task, undefined));
      // A message of a thread arrives between the steps.
      const job = ([first]) => ({
        step: () => first === text && queueMicrotask(crash),
        scored: () => (first === text ? [] : [{ logit: 1 }]),
        free: () => {},
      });
      engines.push(instance);
      return { name: 'stub', maxTokens: 512, instance, model: { start: (_, texts) => job(texts) } };
    };
    const backend = new InPlaceBackend(await load(), { pause: () => sleep(1) }, replaced ? load : undefined);
    const request = { kind: 'score', query: 'query' };
    const score = (...texts) => backend.run({ request, texts, onResult: () => {} });
    return { score, engines };
  }

  it('that a call crashes in instance after instance is no reason to try for ever', async () => {
    const { score, engines } = await withFragileEngines('fatal', true);
    const beside = score('harmless');
    await rejectsWith(score('fatal'), 'internal', /^A thread of the engine failed: it crashed\.$/);
    await beside;
    // The third instance crashed as well. It is replaced when a call needs it.
    assert.equal(engines.length, 3);
    await score('harmless');
    assert.equal(engines.length, 4);
  });

  it('that crashed fails the call that was begun with the reason where there is no other instance', async () => {
    const { score } = await withFragileEngines('fatal', false);
    await rejectsWith(score('fatal'), 'internal', /^A thread of the engine failed: it crashed\.$/);
    await rejectsWith(
      score('harmless'),
      'internal',
      /^The engine crashed in an earlier call; create a new reranker\. A thread of the engine failed/,
    );
  });
});
