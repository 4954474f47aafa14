import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { threadsEngineName } from '#internal/instance/simd.js';
import { PageThreads } from '#internal/workers/page-threads.js';
import { workerThreads } from '#internal/workers/worker-threads.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { engineUrl } from '../../support/paths.js';

/** A worker with the test in place of its script. */
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

describe('the threads that a worker wants', () => {
  /**
   * Starts an instance with three threads in a worker, seen from inside. Returns the start, the worker's scope and the
   * threads' ports.
   */
  async function start() {
    const scope = new ScriptedWorker();
    const module = await WebAssembly.compile(await readFile(new URL(threadsEngineName(), engineUrl)));
    const starting = workerThreads(scope).startInstance(module, { count: 3 });
    starting.catch(() => {});
    while (scope.posted.length < 2) await sleep(5);
    return { starting, scope, ports: scope.posted.splice(0).map(({ port }) => port) };
  }

  const asked = ({ posted }) => posted.map(({ type, thread }) => [type, thread]);
  const bothEnded = [
    ['end-thread', 1],
    ['end-thread', 2],
  ];

  it('get their task by one port each, and are ended with the engine', async () => {
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
  /** Makes threads of scripted workers, and the worker that they belong to. */
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
    // An open port would keep the messages for a thread that never came.
    assert.ok(ports.every(({ closed }) => closed));
    assert.deepEqual(told, []);
  });

  it('are reported as lost where they crash, what they say cannot be read, or none can be started', () => {
    const { threads, workers, told } = threadsOf();
    for (const thread of [1, 2, 3]) threads.start(thread, port());
    workers[0].dispatchEvent(Object.assign(new Event('error'), { message: 'it crashed' }));
    workers[1].dispatchEvent(new Event('error'));
    workers[2].dispatchEvent(new Event('messageerror'));
    const refused = threadsOf(() => {
      throw new Error('the policy forbids it');
    });
    const unused = port();
    refused.threads.start(4, unused);
    for (const nonsense of [undefined, {}]) {
      const it = threadsOf(() => nonsense);
      it.threads.start(6, port());
      it.threads.close();
      assert.equal(it.told.length, 1);
    }
    assert.equal(unused.closed, true);
    assert.deepEqual(
      [...told, ...refused.told].map(({ type, thread, reason }) => [type, thread, reason]),
      [
        ['thread-lost', 1, 'it crashed'],
        ['thread-lost', 2, 'its script cannot be loaded'],
        ['thread-lost', 3, 'a message cannot be read'],
        ['thread-lost', 4, 'the policy forbids it'],
      ],
    );
  });
});
