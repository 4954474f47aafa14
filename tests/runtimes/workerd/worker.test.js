import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { order } from '../../support/asserts/assertions.js';
import { tinyRepository } from '../../support/models/tiny.js';
import { useWorkerd } from '../../support/programs/workerd.js';
import { startHub } from '../../support/servers/hub.js';

const query = 'What is the capital of France?';
const documents = ['giraffe', { text: 'Paris is the capital of France.' }, 'Berlin is the capital of Germany.'];

describe('a worker in workerd', () => {
  const workerd = useWorkerd('tests/runtimes/workerd/worker.js');
  const rank = (...calls) => workerd.ask({ reranker: 'shared', calls });

  it('answers requests that overlap, from the first, each as if it were alone', async () => {
    const calls = [
      [query, documents],
      ['giraffe', documents],
    ];
    const overlapping = await Promise.all(calls.map((call) => rank(call)));
    assert.deepEqual(order(overlapping[0].results[0]), [1, 2, 0]);
    assert.deepEqual(order(overlapping[1].results[0]).slice(0, 1), [0]);
    for (const [index, call] of calls.entries()) {
      assert.deepEqual((await rank(call)).results, overlapping[index].results);
    }
  });

  it('fits the memory of an isolate', async () => {
    const { results, statistics } = await rank([query, ['word '.repeat(1000)]]);
    assert.deepEqual([results[0][0].tokens, results[0][0].truncated], [512, true]);
    assert.deepEqual([statistics.model, statistics.maxTokens], ['rerank-wasm-mini', 512]);
    assert.ok(statistics.memoryBytes > 26e6 && statistics.memoryBytes < 128e6, `${statistics.memoryBytes}`);
  });

  it('answers two calls of one request', async () => {
    const { results } = await rank(
      [query, documents],
      [query, documents, { topN: 1, returnDocuments: true, activation: 'none' }],
    );
    const [best] = results[0];
    assert.deepEqual(results[1], [{ ...best, score: best.logit, document: documents[1] }]);
  });

  it('has nothing to say to no documents', async () => {
    assert.deepEqual((await rank([query, []])).results, [[]]);
  });

  const badCalls = [
    ['an empty query', ['', ['text']]],
    ['documents that are no list', [query, 'text']],
    ['a document that is no text', [query, [7]]],
    ['an object without text', [query, [{ title: 'text' }]]],
    ['an unknown option', [query, ['text'], { top_n: 1 }]],
  ];

  for (const [what, call] of badCalls) {
    it(`refuses ${what}`, async () => assert.equal((await rank(call)).code, 'invalid_input'));
  }

  const failures = {
    disposed: ['disposed', /disposed/],
    unknownModel: ['model_not_found', /bge-reranker-base.*`import mini from 'rerank-wasm-mini'`/],
    directory: ['unsupported_environment', /local files/],
    worker: ['unsupported_environment', /worker/],
    engineAsBytes: ['unsupported_environment', /WebAssembly\.Module/],
    wrongHash: ['integrity_mismatch', /tokenizer file/i],
    wrongSize: ['integrity_mismatch', /tokenizer file/i],
    page: ['invalid_model', /model file/i],
    cutGraph: ['invalid_model', /model file/i],
    noTokenizer: ['invalid_model', /tokenizer file/i],
  };

  for (const [reranker, [code, message]] of Object.entries(failures)) {
    it(`fails with ${code}: ${reranker}`, async () => {
      const failure = await workerd.ask({ reranker, calls: [[query, documents]] });
      assert.equal(failure.code, code, JSON.stringify(failure));
      assert.match(failure.message, message);
    });
  }

  it('keeps no downloads but in a cache of your own', async () => {
    const hub = await startHub();
    try {
      for (const [cache, urls, requests] of [
        ['auto', 0, 3],
        ['auto', 0, 6],
        ['own', 3, 9],
        ['own', 3, 9],
      ]) {
        const answer = await workerd.ask({ base: hub.model, cache });
        assert.deepEqual([answer.results?.length, answer.warnings], [1, []], JSON.stringify(answer));
        assert.deepEqual([answer.urls.length, hub.requests.length], [urls, requests]);
      }
    } finally {
      await hub.close();
    }
  });

  it('takes a repository by its name, and sends the token to the hub alone', async () => {
    const hub = await startHub();
    try {
      hub.repositories.publish('org/repo', await tinyRepository(), { token: 'hf_secret' });
      const options = { hub: hub.url, token: 'hf_secret' };
      for (let start = 0; start < 2; start += 1) {
        const answer = await workerd.ask({ base: 'org/repo', cache: 'own', options });
        assert.deepEqual([answer.results?.length, answer.warnings], [1, []], JSON.stringify(answer));
        if (start === 0) assert.ok(hub.repositories.seen.some(({ server }) => server === 'store'));
        const authorised = hub.repositories.seen.map(({ server, authorization }) => `${server} ${authorization}`);
        assert.deepEqual(
          [...new Set(authorised)].sort(),
          start === 0 ? ['hub Bearer hf_secret', 'store undefined'] : [],
        );
        hub.repositories.clear();
      }
    } finally {
      await hub.close();
    }
  });

  it('serves on after failures', async () => {
    assert.equal((await rank([query, documents])).results[0].length, 3);
  });
});
