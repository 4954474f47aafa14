import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { withFurtherEngines } from '#internal/opening/further-engines.js';
import { WorkerLink } from '#internal/workers/link.js';
import { rejectsWith } from '../../support/asserts/assertions.js';

const refusal = { code: 'out_of_memory', message: 'The engine has no memory for the copy; close other tabs.' };

/** Starts workers. Their model takes `memoryBytes`. Only the first `copies` of them have memory for a copy. */
function fakeWorkers({ memoryBytes, copies = 8 }) {
  const answers = {
    statistics: { memoryBytes, threads: 1 },
    copy: { instance: { memory: new ArrayBuffer(8) } },
  };
  const started = [];
  const ended = [];
  let left = copies;
  const start = () => {
    const name = started.length;
    started.push(name);
    const listeners = new Map();
    const tell = (data) => queueMicrotask(() => listeners.get('message')({ data }));
    return {
      addEventListener(type, listener) {
        listeners.set(type, listener);
        if (type === 'message') tell({ type: 'ready' });
      },
      postMessage({ type, id }) {
        if (type === 'start-copy') left -= 1;
        if (type === 'start-copy' && left < 0) tell({ type: 'failure', id, error: refusal, crashed: false });
        else tell({ type: 'answer', id, value: answers[type] });
      },
      terminate: () => ended.push(name),
    };
  };
  return { start, started, ended };
}

/** Opens engines beside a first one on a machine of four processors. */
async function open(threads, workers) {
  const warnings = [];
  const link = await WorkerLink.start(workers.start, undefined);
  const restart = () => assert.fail('no worker crashed');
  const first = { link, start: workers.start, restart, threads, warn: (warning) => warnings.push(warning) };
  const apart = { processors: () => 4, room: () => 4, reason: 'the page is not cross-origin isolated' };
  const backend = await withFurtherEngines(first, apart);
  const { threads: count } = await backend.statistics();
  await backend.dispose();
  return { count, warnings };
}

describe('engines in workers that share no memory', () => {
  it('are up to four for a model that takes 64 MB', async () => {
    const workers = fakeWorkers({ memoryBytes: 64 * 1024 * 1024 });
    assert.deepEqual(await open('auto', workers), { count: 4, warnings: [] });
    assert.equal(workers.started.length, 4);
    assert.deepEqual(workers.ended.sort(), [0, 1, 2, 3]);
  });

  it('are one for a model that takes more, with a warning that says what each takes', async () => {
    const workers = fakeWorkers({ memoryBytes: 64 * 1024 * 1024 + 65_536 });
    const { count, warnings } = await open('auto', workers);
    assert.deepEqual([count, workers.started.length], [1, 1]);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['threads_unavailable'],
    );
    assert.match(warnings[0].message, /not cross-origin isolated\. Each thread would take 68 MB; pass a number/);
  });

  it('are several for a model that takes more, if a number asks for them', async () => {
    const workers = fakeWorkers({ memoryBytes: 300e6 });
    assert.deepEqual(await open(2, workers), { count: 2, warnings: [] });
  });

  it('are as many as have memory for a copy, and a worker without ends', async () => {
    const workers = fakeWorkers({ memoryBytes: 34e6, copies: 1 });
    assert.deepEqual(await open('auto', workers), { count: 2, warnings: [] });
    assert.deepEqual(workers.ended.slice(0, 2).sort(), [2, 3]);
  });

  it('are one where no copy has memory, with a warning that passes the reason on', async () => {
    const workers = fakeWorkers({ memoryBytes: 34e6, copies: 0 });
    const { count, warnings } = await open('auto', workers);
    assert.equal(count, 1);
    assert.deepEqual(
      warnings.map(({ code, message }) => `${code}: ${message}`),
      [`threads_unavailable: The engine runs on one thread. ${refusal.message}`],
    );
    assert.deepEqual(workers.ended.sort(), [0, 1, 2, 3]);
  });

  it('fail as a whole if a number asks for them and a copy has no memory', async () => {
    const workers = fakeWorkers({ memoryBytes: 34e6, copies: 1 });
    await rejectsWith(open(4, workers), 'out_of_memory', /no memory for the copy/);
    assert.deepEqual(workers.ended.sort(), [0, 1, 2, 3]);
  });
});
