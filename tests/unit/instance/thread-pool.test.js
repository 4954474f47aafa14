import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { InPlaceBackend } from '#internal/engine/in-place.js';
import { startEngine } from '#internal/engine/start.js';
import { chooseThreads } from '#internal/engine/thread-count.js';
import { Instance } from '#internal/instance/instance.js';
import { hasRelaxedSimd } from '#internal/instance/simd.js';
import { ThreadPool } from '#internal/instance/thread-pool.js';
import { PageThreads } from '#internal/workers/page-threads.js';
import { workerThreads } from '#internal/workers/worker-threads.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { engineUrl } from '../../support/paths.js';

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
        startInstance: (_, count, signal) => ThreadPool.start(count - 1, threads.start, task, signal),
      },
    };
    const warnings = [];
    const warn = ({ code, message }) => warnings.push(`${code}: ${message}`);
    const { instance } = await hurried(() => startEngine({ threads: 'auto', warn }, platform));
    assert.equal(instance.threads, 1);
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
      const instance = Instance.withThreads({}, noMemory, await ThreadPool.start(1, start, task, undefined));
      // What a thread says comes between the steps.
      const job = ([first]) => ({
        step: () => first === text && queueMicrotask(crash),
        scored: () => (first === text ? [] : [{ logit: 1 }]),
        free: () => {},
      });
      engines.push(instance);
      return { name: 'stub', maxTokens: 512, instance, engine: { start: (_, texts) => job(texts) } };
    };
    const backend = new InPlaceBackend(await load(), { pause: () => sleep(1) }, replaced ? load : undefined);
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

/** A worker whose script is the test's, from outside. */
class ScriptedWorker extends EventTarget {
  posted = [];
  terminated = false;

  postMessage(message, transfer = []) {
    this.posted.push(message);
    this.transferred = transfer;
  }

  terminate() {
    this.terminated = true;
  }

  say(data) {
    this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }
}

describe('the threads that a worker wants', {
  skip: hasRelaxedSimd() ? false : 'this Node has no relaxed SIMD',
}, () => {
  /** Starts an engine of three threads in a worker, which is seen from inside; gives it, and what its page was asked. */
  async function start() {
    const scope = new ScriptedWorker();
    const module = await WebAssembly.compile(await readFile(new URL('rerank-threads.wasm', engineUrl)));
    const starting = workerThreads(scope).startInstance(module, 3, undefined);
    starting.catch(() => {});
    while (scope.posted.length < 2) await sleep(5);
    return { starting, scope, ports: scope.posted.splice(0).map(({ port }) => port) };
  }

  const asked = ({ posted }) => posted.map(({ type, thread }) => [type, thread]);
  const bothEnded = [
    ['end-thread', 1],
    ['end-thread', 2],
  ];

  it('get their task by a port of their own, and are ended with the engine', async () => {
    const { starting, scope, ports } = await start();
    for (const port of ports) {
      const { data: task } = await new Promise((resolve) => {
        port.onmessage = resolve;
      });
      assert.deepEqual(Object.keys(task), ['module', 'memory']);
      port.postMessage({ type: 'thread-ready' });
    }
    const instance = await starting;
    assert.equal(instance.threads, 3);
    assert.deepEqual(asked(scope), []);
    await instance.close();
    assert.deepEqual(asked(scope), bothEnded);
  });

  it('are given up where one says that it failed, or the page says so', async () => {
    const failed = await start();
    failed.ports[1].postMessage({ type: 'thread-failed', code: 'internal', message: 'its task cannot be read' });
    await rejectsWith(failed.starting, 'unsupported_environment', /its task cannot be read/);
    const lost = await start();
    lost.scope.say({ type: 'thread-lost', thread: 2, reason: 'its script cannot be loaded' });
    await rejectsWith(lost.starting, 'unsupported_environment', /its script cannot be loaded/);
    for (const { scope } of [failed, lost]) assert.deepEqual(asked(scope), bothEnded);
  });
});

describe('the threads that a page has for a worker', () => {
  /** Threads of scripted workers, and the worker that they are for. */
  function threadsOf(create = () => new ScriptedWorker()) {
    const workers = [];
    const start = () => {
      workers.push(create());
      return workers.at(-1);
    };
    const engine = new ScriptedWorker();
    return { threads: new PageThreads(start, engine), workers, engine, told: engine.posted };
  }

  const port = () => ({
    closed: false,
    close() {
      this.closed = true;
    },
  });

  it('get the port once they run, and are ended one by one or together', () => {
    const { threads, workers, told } = threadsOf();
    const ports = [1, 2, 3].map((thread) => {
      const it = port();
      threads.start(thread, it);
      return it;
    });
    assert.deepEqual(workers[1].posted, []);
    workers[1].say({ type: 'ready' });
    assert.equal(workers[1].posted.length, 1);
    assert.equal(workers[1].posted[0].type, 'be-thread');
    assert.equal(workers[1].posted[0].port, ports[1]);
    assert.equal(workers[1].transferred[0], ports[1]);
    threads.end(2);
    assert.deepEqual(
      workers.map(({ terminated }) => terminated),
      [false, true, false],
    );
    threads.close();
    assert.ok(workers.every(({ terminated }) => terminated));
    // What was sent to a thread that never came would stay in memory.
    assert.ok(ports.every(({ closed }) => closed));
    assert.deepEqual(told, []);
  });

  it('are told to be lost where they crash, what they say cannot be read, or none can be started', () => {
    const { threads, workers, told } = threadsOf();
    for (const thread of [1, 2, 3]) threads.start(thread, port());
    workers[0].dispatchEvent(Object.assign(new Event('error'), { message: 'it crashed' }));
    workers[1].dispatchEvent(new Event('error'));
    workers[2].dispatchEvent(new Event('messageerror'));
    const refused = threadsOf(() => {
      throw new Error('the policy forbids it');
    });
    const unused = [port(), port()];
    refused.threads.start(4, unused[0]);
    for (const nonsense of [undefined, {}]) {
      const it = threadsOf(() => nonsense);
      it.threads.start(6, port());
      it.threads.close();
      assert.equal(it.told.length, 1);
    }
    const same = threadsOf(() => same.engine);
    same.threads.start(5, unused[1]);
    assert.equal(same.engine.terminated, false);
    assert.ok(unused.every(({ closed }) => closed));
    assert.deepEqual(
      [...told, ...refused.told, ...same.told].map(({ type, thread, reason }) => [type, thread, reason]),
      [
        ['thread-lost', 1, 'it crashed'],
        ['thread-lost', 2, 'its script cannot be loaded'],
        ['thread-lost', 3, 'a message cannot be read'],
        ['thread-lost', 4, 'the policy forbids it'],
        ['thread-lost', 5, '`worker` returned the same worker twice; each call must start a new one'],
      ],
    );
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
