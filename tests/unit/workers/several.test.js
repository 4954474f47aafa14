import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

import { RerankError } from '#internal/common/errors.js';
import { SeveralBackends } from '#internal/workers/several.js';
import { rejectsWith } from '../../support/asserts/assertions.js';

/** Waits for so many turns of the event loop, which are the same on a busy machine. */
async function turns(count) {
  for (let done = 0; done < count; done += 1) await turn();
}

/** A backend that takes `pace` turns for each letter of a text; its logits are lengths. It notes its texts. */
function backend({ pace = 1, fails } = {}) {
  const noted = { texts: [], stopped: 0, disposed: 0 };
  return {
    noted,
    async run({ texts, onResult, signal }) {
      for (const [index, text] of texts.entries()) {
        await turns(pace * text.length);
        if (signal?.aborted) {
          noted.stopped += 1;
          throw new RerankError('aborted', 'It was aborted.');
        }
        if (text === fails) throw new RerankError('out_of_memory', 'It has no memory.');
        noted.texts.push(text);
        onResult({ index, logit: text.length, score: 0.5, tokens: 1, truncated: false });
      }
    },
    statistics: async () => ({ model: 'fake', memoryBytes: 10, threads: 1, maxTokens: 512, kernel: 'x', unfused: {} }),
    async dispose() {
      noted.disposed += 1;
    },
  };
}

const task = (texts, more = {}) => {
  const scored = [];
  const onResult = (document) => scored.push(document);
  const request = { kind: 'score', query: 'q', maxTokens: undefined, chunk: false };
  return { request, texts, onResult, signal: undefined, scored, ...more };
};

const texts = (count, length = 3) => Array.from({ length: count }, (_, index) => 'x'.repeat(1 + (index % length)));

describe('several models in workers', () => {
  it('share the documents of a call, and report them in the order of the list', async () => {
    const members = [backend(), backend({ pace: 3 }), backend()];
    const call = task(texts(40));
    await new SeveralBackends(members).run(call);
    assert.deepEqual(
      call.scored.map(({ index, logit }) => [index, logit]),
      call.texts.map((text, index) => [index, text.length]),
    );
    const shares = members.map(({ noted }) => noted.texts.length);
    assert.equal(shares[0] + shares[1] + shares[2], 40);
    assert.ok(shares[0] > shares[1] && shares[2] > shares[1] && shares[1] > 0, `${shares}`);
  });

  it('give a lone document to one that is idle', async () => {
    const members = [backend({ pace: 30 }), backend()];
    const several = new SeveralBackends(members);
    await Promise.all([several.run(task(['first'])), several.run(task(['second'])), several.run(task([]))]);
    assert.deepEqual(
      members.map(({ noted }) => noted.texts),
      [['first'], ['second']],
    );
  });

  it('serve calls that overlap', async () => {
    const several = new SeveralBackends([backend(), backend()]);
    const calls = Array.from({ length: 5 }, (_, index) => task(texts(7 + index)));
    await Promise.all(calls.map((call) => several.run(call)));
    for (const { scored, texts } of calls) {
      assert.deepEqual(
        scored.map(({ logit }) => logit),
        texts.map((text) => text.length),
      );
    }
  });

  it('stop when the signal aborts, and the call fails at once', async () => {
    const members = [backend({ pace: 20 }), backend({ pace: 20 })];
    const controller = new AbortController();
    const call = task(texts(20), { signal: controller.signal });
    const running = new SeveralBackends(members).run(call);
    await turns(30);
    controller.abort();
    await rejectsWith(running, 'aborted');
    assert.deepEqual([members[0].noted.stopped, members[1].noted.stopped], [0, 0]);
    const { length } = call.scored;
    await turns(150);
    assert.deepEqual([call.scored.length, members[0].noted.stopped, members[1].noted.stopped], [length, 1, 1]);
  });

  it('stop when one of them fails, and the call fails with its error', async () => {
    const list = [...texts(5), 'bad', ...texts(30)];
    const members = [backend({ fails: 'bad' }), backend({ fails: 'bad' })];
    const call = task(list);
    await rejectsWith(new SeveralBackends(members).run(call), 'out_of_memory', /no memory/);
    await turns(50);
    assert.ok(members[0].noted.texts.length + members[1].noted.texts.length < 34);
    // Scores in front of the gap were reported; none behind it.
    assert.ok(call.scored.every(({ index }) => index < 5));
  });

  it('stop when the callback throws', async () => {
    const members = [backend(), backend()];
    const failing = task(texts(20), {
      onResult() {
        throw new Error('a mistake of the caller');
      },
    });
    await rejectsWith(new SeveralBackends(members).run(failing), 'invalid_input', /a mistake of the caller/);
  });

  it('have the memory and the threads of all', async () => {
    const several = new SeveralBackends([backend(), backend(), backend()]);
    const { memoryBytes, threads, model } = await several.statistics();
    assert.deepEqual([memoryBytes, threads, model], [30, 3, 'fake']);
  });

  it('are all disposed, and refuse calls after that', async () => {
    const members = [backend(), backend()];
    const several = new SeveralBackends(members);
    await several.dispose();
    await several.dispose();
    assert.deepEqual(
      members.map(({ noted }) => noted.disposed),
      [2, 2],
    );
    await rejectsWith(several.run(task(texts(3))), 'disposed');
  });
});
