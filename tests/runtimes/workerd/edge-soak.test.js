import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';

import { assertNothingLogged } from '../../support/asserts/handler-log.js';
import { numbers } from '../../support/asserts/random.js';
import { useMini } from '../../support/models/mini.js';
import { useWorkerd } from '../../support/programs/workerd.js';

/** Set RERANK_WASM_SOAK to a number of minutes for a longer run. */
const minutes = Number(process.env.RERANK_WASM_SOAK ?? 0);
const fewest = 200;
const lanes = 8;
/** V8 keeps more compiled code the longer it runs. A leak of one request in a hundred would exceed this growth. */
const mostGrowth = 1_000_000;
const words = 'the capital of France is Paris and giraffes eat leaves from tall trees in Africa every day'.split(' ');

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe(`requests, ${lanes} at a time`, () => {
  const mini = useMini();
  const workerd = useWorkerd('tests/runtimes/workerd/edge-worker.js', {
    compatibilityFlags: ['enable_request_signal'],
    inspected: true,
  });
  const below = numbers(7);
  const headers = { 'x-handler': 'open', 'content-type': 'application/json' };

  const phrase = (length) => Array.from({ length }, () => words[below(words.length)]).join(' ');
  const rankings = Array.from({ length: 12 }, (_, index) => ({
    query: phrase(3 + index),
    documents: Array.from({ length: 1 + (index % 6) }, () => phrase(5 + below(60))),
  }));

  const wrong = [
    ['no json', 400],
    ['{"query": "text"', 400],
    ['[]', 422],
    ['{"query": "text", "documents": [7]}', 422],
    ['{"query": "text", "documents": [], "model": "none"}', 404],
    ['x'.repeat(1_100_000), 413],
  ];

  const describeFailure = (answer) => `${JSON.stringify(answer)}, workerd: ${workerd.output()}`;

  async function post(parts, { delay = 0, abortAfter } = {}) {
    // A new connection, since the other end may just have closed a used one.
    const sent = request(new URL('/v1/rerank', await workerd.url()), { method: 'POST', headers, agent: false });
    const answer = once(sent, 'response').then(
      async ([response]) => ({ status: response.statusCode, text: await text(response).catch(() => '') }),
      ({ code }) => ({ code }),
    );
    for (const part of parts) {
      sent.write(part);
      if (delay) await pause(delay);
    }
    sent.end();
    if (abortAfter !== undefined) {
      await pause(abortAfter);
      sent.destroy();
    }
    return answer;
  }

  async function rankRight(options, cut = 1) {
    const ranking = rankings[below(rankings.length)];
    const body = JSON.stringify(ranking);
    const step = Math.ceil(body.length / cut);
    const parts = Array.from({ length: cut }, (_, index) => body.slice(index * step, (index + 1) * step));
    const answer = await post(parts, options);
    if (options?.abortAfter !== undefined) return;
    assert.equal(answer.status, 200, describeFailure(answer));
    const expected = await mini().rerank(ranking.query, ranking.documents);
    assert.deepEqual(
      JSON.parse(answer.text).results,
      expected.map(({ index, score }) => ({ index, relevance_score: score })),
    );
  }

  async function rankWrong() {
    const [body, status] = wrong[below(wrong.length)];
    const answer = await post([body]);
    assert.equal(answer.status, status, describeFailure(answer));
  }

  const kinds = [
    () => rankRight(),
    () => rankRight({ delay: 3 }, 5),
    () => rankRight({ abortAfter: below(30) }),
    () => rankWrong(),
  ];

  /** Returns linear memory and the memory that JavaScript uses. Looking for memories collects the garbage first. */
  async function memory() {
    const inspector = await workerd.inspect();
    const linear = await inspector.memoryBytes();
    const { heap, external } = await inspector.usage();
    inspector.close();
    return { linear, heap, external };
  }

  it('are all answered right, in the same memory', async () => {
    const largest = {
      query: 'text',
      documents: Array.from({ length: 8 }, (_, index) => `${index} ${'word '.repeat(600)}`),
    };
    assert.equal((await post([JSON.stringify(largest)])).status, 200);
    let asked = 0;
    /** Sends this part of all requests, or as many as the time allows. */
    async function ask(part) {
      const last = asked + part * fewest;
      const end = Date.now() + part * minutes * 60_000;
      const lane = async () => {
        for (; asked < last || Date.now() < end; asked += 1) await kinds[below(kinds.length)]();
      };
      await Promise.all(Array.from({ length: lanes }, lane));
      return memory();
    }
    const before = await ask(1 / 4);
    const after = await ask(3 / 4);
    process.stdout.write(`workerd: ${asked} requests, ${JSON.stringify({ before, after })}\n`);
    assert.equal(after.linear, before.linear);
    for (const part of ['heap', 'external']) {
      assert.ok(
        after[part] < before[part] + mostGrowth,
        `${part}: ${after[part]} bytes, ${before[part]} after a quarter`,
      );
    }
    await assertNothingLogged(workerd);
  });
});
