import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { useMini } from '../../support/models/mini.js';
import { assertProblem, get, makeHandler, post } from '../../support/servers/handler.js';

const query = 'What is the capital of France?';
const documents = ['giraffe', { text: 'Paris is the capital of France.' }, 'Berlin is the capital of Germany.'];
const texts = documents.map((document) => document.text ?? document);

describe('answers of the small model', () => {
  const mini = useMini();
  const { ask } = makeHandler({ reranker: async () => ({ ...methodsOf(mini()), dispose: async () => {} }) });
  const rank = async (body, path = '/v1/rerank') => {
    const { status, json, text } = await ask(post(body, { path }));
    assert.equal(status, 200, text);
    return json;
  };

  function methodsOf(reranker) {
    return { rerank: reranker.rerank.bind(reranker), statistics: reranker.statistics.bind(reranker) };
  }

  it('are those of rerank', async () => {
    const results = await mini().rerank(query, documents);
    const tokens = results.reduce((sum, result) => sum + result.tokens, 0);
    const { id, ...answer } = await rank({ query, documents, model: 'reranker' });
    assert.ok(id);
    assert.deepEqual(answer, {
      object: 'list',
      model: 'reranker',
      results: results.map(({ index, score }) => ({ index, relevance_score: score })),
      usage: { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens },
      meta: { api_version: { version: '1' }, tokens: { input_tokens: tokens, output_tokens: 0 } },
    });
  });

  for (const name of ['top_n', 'top_k']) {
    it(`are cut at ${name}, and the tokens of all count`, async () => {
      const all = await rank({ query, documents });
      const some = await rank({ query, documents, [name]: 2 });
      assert.deepEqual(some.results, all.results.slice(0, 2));
      assert.deepEqual(some.usage, all.usage);
      assert.equal((await rank({ query, documents, [name]: 9e15 })).results.length, 3);
    });
  }

  it('prefer top_n to top_k, and take null for what is not given', async () => {
    assert.equal((await rank({ query, documents, top_n: 1, top_k: 2 })).results.length, 1);
    const nothing = { model: null, top_n: null, top_k: null, return_documents: null, max_tokens_per_doc: null };
    assert.equal((await rank({ query, documents, ...nothing })).results.length, 3);
  });

  it('hold the documents where they are asked for', async () => {
    const { results } = await rank({ query, documents, return_documents: true });
    for (const { index, document } of results) assert.deepEqual(document, { text: texts[index] });
  });

  it('do not depend on fields that have no effect', async () => {
    const more = { rank_fields: ['text'], max_chunks_per_doc: 3, priority: 1, __proto__: null, user: { id: 7 } };
    assert.deepEqual((await rank({ query, documents, ...more })).results, (await rank({ query, documents })).results);
  });

  it('are empty for no documents', async () => {
    const { results, usage } = await rank({ query, documents: [] });
    assert.deepEqual([results, usage], [[], { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }]);
    assert.deepEqual(await rank({ query, contexts: [] }), { response: [] });
  });

  it('tell of documents that were cut', async () => {
    const { meta, usage } = await rank({ query, documents: ['word '.repeat(1000), 'word'] });
    assert.deepEqual(meta.warnings, ['1 of 2 documents were cut because they are too long.']);
    assert.ok(usage.total_tokens > 512);
  });

  it('cut each document at max_tokens_per_doc, whatever the query has', async () => {
    const [{ tokens: pair }] = await mini().rerank(query, ['']);
    for (const max_tokens_per_doc of [1, 5, 30]) {
      const { usage, meta } = await rank({ query, documents: ['word '.repeat(100)], max_tokens_per_doc });
      assert.equal(usage.total_tokens, pair + max_tokens_per_doc);
      assert.equal(meta.warnings.length, 1);
    }
    const whole = await rank({ query, documents: ['word '.repeat(1000)], max_tokens_per_doc: 4096 });
    assert.equal(whole.usage.total_tokens, 512);
  });

  it("are Workers AI's where contexts are asked about", async () => {
    const contexts = texts.map((text) => ({ text }));
    const { results } = await rank({ query, documents });
    const response = results.map(({ index, relevance_score }) => ({ id: index, score: relevance_score }));
    for (const path of ['/v1/rerank', '/v2/rerank', '/rerank']) {
      assert.deepEqual(await rank({ query, contexts }, path), { response });
    }
    assert.deepEqual(await rank({ query, contexts, top_k: 1 }), { response: response.slice(0, 1) });
  });

  it('refuse a query that leaves no room', async () => {
    const answer = await ask(post({ query: 'word '.repeat(600), documents }));
    const { param, message } = assertProblem(answer, '422 invalid_request_error invalid_value');
    assert.equal(param, 'query');
    assert.match(message, /leaves no room for a document; shorten it\. .* 512 tokens\.$/);
  });

  it('have every character of the text', async () => {
    const text = '\u0000 "\\ \u2028 😀 \ud800 é';
    const { results } = await rank({ query, documents: [text], return_documents: true });
    assert.equal(results[0].document.text, text);
  });

  it('are given to requests that overlap, each as if it were alone', async () => {
    const bodies = [
      { query, documents },
      { query: 'giraffe', documents },
      { query, documents: ['only one'] },
    ];
    const alone = [];
    for (const body of bodies) alone.push((await rank(body)).results);
    const together = await Promise.all(bodies.map((body) => rank(body)));
    assert.deepEqual(
      together.map(({ results }) => results),
      alone,
    );
  });
});

describe('llms.txt', () => {
  it('names the endpoints and the limits', async () => {
    const { text, headers } = await makeHandler({ models: ['mine'], limits: { documents: 77 } }).ask(get('/llms.txt'));
    assert.match(headers.get('content-type'), /^text\/plain/);
    for (const part of [/^# /, /POST \/v1\/rerank/, /mine/, /77 documents/]) assert.match(text, part);
  });
});
