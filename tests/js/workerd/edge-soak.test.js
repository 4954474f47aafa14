import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';

import { useMini } from '../support/mini.js';
import { numbers } from '../support/random.js';
import { useWorkerd } from '../support/workerd.js';

/** Set RERANK_WASM_SOAK to the number of requests for a longer run; 10,000 take about 10 minutes. */
const count = Number(process.env.RERANK_WASM_SOAK ?? 200);
const lanes = 8;
const words = 'the capital of France is Paris and giraffes eat leaves from tall trees in Africa every day'.split(' ');

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe(`${count} requests, ${lanes} at a time`, () => {
  const mini = useMini();
  const workerd = useWorkerd('tests/js/workerd/edge-worker.js', { compatibilityFlags: ['enable_request_signal'] });
  const below = numbers(7);
  const headers = { 'x-handler': 'measured', 'content-type': 'application/json' };

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
    // A connection of its own: one that is used again may just have been closed by the other end.
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

  const memory = async () => (await (await workerd.fetch('/statistics')).json()).memoryBytes;

  it('are all answered right, in the same memory', async () => {
    const largest = { query: 'text', documents: Array(8).fill('word '.repeat(600)) };
    assert.equal((await post([JSON.stringify(largest)])).status, 200);
    const before = await memory();
    let left = count;
    const lane = async () => {
      while (left-- > 0) await kinds[below(kinds.length)]();
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    assert.equal(await memory(), before);
    assert.equal(workerd.output(), '');
  });
});
