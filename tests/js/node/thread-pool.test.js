import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { workerThreads } from '../../../pkg/dist/browser-threads.js';
import { LocalBackend } from '../../../pkg/dist/local.js';
import { ThreadPool } from '../../../pkg/dist/pool.js';
import { Runtime } from '../../../pkg/dist/runtime.js';
import { hasRelaxedSimd } from '../../../pkg/dist/simd.js';
import { startEngine } from '../../../pkg/dist/start-engine.js';
import { chooseThreads } from '../../../pkg/dist/thread-count.js';
import { rejectsWith } from '../support/assertions.js';
import { engineUrl } from '../support/paths.js';

const task = {};
const noMemory = { buffer: new ArrayBuffer(0) };

/** Starts threads that do what `begin` says, and counts those that were ended. */
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

/** Does `work` while the time that a thread has to begin is short. */
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
    await rejectsWith(starting, 'unsupported_environment', /no threads can be started: no more threads/);
    assert.deepEqual([threads.started, threads.ended], [2, 1]);
    // What nobody handles fails the test.
    controller.abort();
    await sleep(20);
  });

  it('that has a thread which says nothing is given up after a while', async () => {
    const threads = stub((listener, number) => number === 1 && ready(listener));
    const starting = hurried(() => ThreadPool.start(3, threads.start, task, undefined));
    await rejectsWith(starting, 'unsupported_environment', /no threads can be started: .* 30 s/);
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
        startRuntime: (_, count, signal) => ThreadPool.start(count - 1, threads.start, task, signal),
      },
    };
    const warnings = [];
    const warn = ({ code, message }) => warnings.push(`${code}: ${message}`);
    const { runtime } = await hurried(() => startEngine({ threads: 'auto', warn }, platform));
    assert.equal(runtime.threads, 1);
    assert.equal(threads.ended, 2);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /^threads_unavailable: the engine has one thread: no threads can be started: .* 30 s/);
    const exact = hurried(() => startEngine({ threads: 3, warn }, platform));
    await rejectsWith(exact, 'unsupported_environment', /no threads can be started/);
  });

  it('starts none for a signal that has spoken', async () => {
    const threads = stub();
    await rejectsWith(ThreadPool.start(2, threads.start, task, AbortSignal.abort()), 'aborted');
    assert.equal(threads.started, 0);
  });

  for (const [what, breakIt] of [
    ['sound', () => {}],
    ['broken', (listeners) => listeners[0].fail('it crashed')],
  ]) {
    it(`has ended when any call that disposes a ${what} engine says so`, async () => {
      const listeners = [];
      const ends = [];
      const start = (_, listener) => {
        listeners.push(listener);
        ready(listener);
        return () => new Promise((resolve) => ends.push(resolve));
      };
      const runtime = Runtime.withThreads({}, noMemory, await ThreadPool.start(2, start, task, undefined));
      const backend = new LocalBackend({ name: 'stub', maxTokens: 512, runtime }, {});
      breakIt(listeners);
      assert.equal(runtime.usable, what === 'sound');
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

  it('of an engine that was replaced has ended when the other is disposed', async () => {
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
      runtime: Runtime.withThreads({}, noMemory, await ThreadPool.start(1, start, task, undefined)),
    });
    const backend = new LocalBackend(await load(), {}, load);
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
   * A reranker with engines whose thread ends as soon as a document of this text is begun; others are scored. Gives it, and
   * the engines that it had.
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
      const runtime = Runtime.withThreads({}, noMemory, await ThreadPool.start(1, start, task, undefined));
      // What a thread says comes between the steps.
      const job = ([first]) => ({
        step: () => first === text && queueMicrotask(crash),
        scored: () => (first === text ? [] : [{ logit: 1 }]),
        free: () => {},
      });
      engines.push(runtime);
      return { name: 'stub', maxTokens: 512, runtime, engine: { start: (_, texts) => job(texts) } };
    };
    const backend = new LocalBackend(await load(), { pause: () => sleep(1) }, replaced ? load : undefined);
    const score = (...texts) => backend.score({ query: 'query', texts, onScored: () => {} });
    return { score, engines };
  }

  it('that a call breaks in engine after engine is no reason to try for ever', async () => {
    const { score, engines } = await withFragileEngines('fatal', true);
    const beside = score('harmless');
    await rejectsWith(score('fatal'), 'internal', /^a thread of the engine failed: it crashed$/);
    await beside;
    // The third one that broke is replaced when it is needed.
    assert.equal(engines.length, 3);
    await score('harmless');
    assert.equal(engines.length, 4);
  });

  it('that broke fails the call that was begun with the reason where there is no other engine', async () => {
    const { score } = await withFragileEngines('fatal', false);
    await rejectsWith(score('fatal'), 'internal', /^a thread of the engine failed: it crashed$/);
    await rejectsWith(score('harmless'), 'internal', /broke earlier, create a new reranker/);
  });
});

describe('the threads of a page', { skip: hasRelaxedSimd() ? false : 'this Node has no relaxed SIMD' }, () => {
  const started = [];
  /** A worker whose script is the test's. */
  class ScriptedWorker extends EventTarget {
    posted = [];
    terminated = false;

    constructor() {
      super();
      started.push(this);
    }

    postMessage(message) {
      this.posted.push(message);
    }

    terminate() {
      this.terminated = true;
    }

    say(data) {
      this.dispatchEvent(Object.assign(new Event('message'), { data }));
    }
  }

  /** Starts an engine of three threads; gives it, and the two workers that were started for it. */
  async function start() {
    Object.assign(globalThis, { Worker: ScriptedWorker, location: { href: 'https://page.example/worker.js' } });
    const module = await WebAssembly.compile(await readFile(new URL('rerank-threads.wasm', engineUrl)));
    const starting = workerThreads.startRuntime(module, 3, undefined);
    starting.catch(() => {});
    while (started.length < 2) await sleep(5);
    return { starting, workers: started.splice(0) };
  }

  it('get their task once they listen, and are not ended before the worker that they belong to', async () => {
    const { starting, workers } = await start();
    for (const worker of workers) {
      assert.deepEqual(worker.posted, []);
      worker.say({ type: 'thread-listens' });
      assert.deepEqual(
        worker.posted.map((task) => Object.keys(task)),
        [['module', 'memory']],
      );
      worker.say({ type: 'thread-ready' });
    }
    const runtime = await starting;
    assert.equal(runtime.threads, 3);
    await runtime.close();
    // They leave by themselves, and go with the worker that started them: Chromium would keep that for ever else.
    assert.ok(workers.every(({ terminated }) => !terminated));
  });

  it('are given up where what one says cannot be read, or its task cannot be sent', async () => {
    const unreadable = await start();
    unreadable.workers[1].dispatchEvent(new Event('messageerror'));
    await rejectsWith(unreadable.starting, 'unsupported_environment', /a message cannot be read/);
    const unsendable = await start();
    unsendable.workers[0].postMessage = () => {
      throw new Error('memory is not shared here');
    };
    unsendable.workers[0].say({ type: 'thread-listens' });
    await rejectsWith(unsendable.starting, 'unsupported_environment', /cannot be sent: memory is not shared here/);
    for (const { terminated } of [...unreadable.workers, ...unsendable.workers]) assert.ok(terminated);
  });
});

describe('how many threads there are', () => {
  const machine = (processors, room) => ({ processors: () => processors, room: () => room });

  it('is the number of processors, with no more than 8 and than there is memory for', () => {
    for (const [processors, room, count] of [
      [4, 100, 4],
      [16, 100, 8],
      [4, 3, 3],
      [1, 100, 1],
    ]) {
      assert.deepEqual(chooseThreads('auto', machine(processors, room)), { count, missing: undefined });
    }
  });

  it('is one where memory is short, with a word', () => {
    assert.deepEqual(chooseThreads('auto', machine(4, 1)), { count: 1, missing: 'there is no memory for more' });
    assert.deepEqual(chooseThreads(undefined, machine(4, 0)), { count: 1, missing: 'there is no memory for more' });
  });

  it('is what was asked for, up to 64', () => {
    assert.deepEqual(chooseThreads(64, machine(1, 1)), { count: 64 });
    assert.throws(() => chooseThreads(65, machine(100, 100)), { code: 'unsupported_environment' });
  });
});
