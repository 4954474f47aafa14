import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';

import { Ajv2020 } from 'ajv/dist/2020.js';

import { dialects } from '#internal/edge/wire/dialects.js';
import { embeddingsDialect } from '#internal/edge/wire/embeddings.js';
import { withoutEffect } from '#internal/edge/wire/fields.js';
import { assertProblem, makeHandler, post, stubReranker } from '../../support/servers/handler.js';

const query = 'a query';
const documents = ['short', 'rather long', 'tiny'];
const best = [1, 0, 2];
const logits = documents.map(({ length }) => length);
const scores = logits.map((logit) => logit / (1 + logit));
const badValue = '422 invalid_request_error invalid_value';
const unknownField = '422 invalid_request_error unknown_field';

const calls = [];
const stub = stubReranker();
const { ask } = makeHandler({
  reranker: async () => ({
    ...stub,
    rerank(query, texts, options) {
      calls.push({ query, texts, options });
      return stub.rerank(query, texts, options);
    },
  }),
});
const answerTo = async (body, path = '/v1/rerank') => {
  calls.length = 0;
  const { status, json, text } = await ask(post(body, { path }));
  assert.equal(status, 200, text);
  return json;
};
const refusalOf = async (body, expected, path = '/v1/rerank') =>
  assertProblem(await ask(post(body, { path })), expected);

describe('the dialect of a body', () => {
  const ranked = (items, score) => items.map((index) => ({ index, score: score[index] }));
  const bodies = [
    ['text-embeddings-inference', { query, texts: documents }, ranked(best, scores)],
    ['text-ranking', { inputs: { query, texts: documents } }, ranked(best, scores)],
    ['text-ranking, with pairs', { inputs: documents.map((text) => [query, text]) }, { scores }],
    [
      'Workers AI',
      { query, contexts: documents.map((text) => ({ text })) },
      { response: best.map((id) => ({ id, score: scores[id] })) },
    ],
  ];
  for (const [name, body, expected] of bodies) {
    for (const path of ['/v1/rerank', '/v2/rerank', '/rerank']) {
      it(`is that of ${name} at ${path}`, async () => assert.deepEqual(await answerTo(body, path), expected));
    }
  }

  const results = best.map((index) => ({ index, relevance_score: scores[index] }));
  it("is Cohere's and Voyage's where both could have sent it, and the answer is for both", async () => {
    for (const more of [{}, { top_k: 3 }, { truncation: true }, { model: null }]) {
      for (const path of ['/v1/rerank', '/rerank']) {
        const answer = await answerTo({ query, documents, ...more }, path);
        assert.deepEqual([answer.object, answer.results, answer.data], ['list', results, results]);
      }
    }
  });

  it("is Cohere's alone where Voyage has no such field, document or path", async () => {
    const cohere = [
      [{ top_n: 3 }],
      [{ max_tokens_per_doc: 400 }],
      [{ documents: documents.map((text) => ({ text })) }],
      [{}, '/v2/rerank'],
    ];
    for (const [more, path] of cohere) {
      const answer = await answerTo({ query, documents, ...more }, path);
      assert.deepEqual([answer.results, answer.data], [results, undefined]);
    }
  });

  it("is vLLM's at the paths of scores", async () => {
    for (const path of ['/score', '/v1/score']) {
      for (const [left, right] of [
        ['text_1', 'text_2'],
        ['queries', 'documents'],
      ]) {
        const { data } = await answerTo({ [left]: query, [right]: documents }, path);
        assert.deepEqual(
          data,
          scores.map((score, index) => ({ index, object: 'score', score })),
        );
      }
    }
  });

  it('is documented in the table of docs/http-endpoint.md', async () => {
    const docs = await readFile(new URL('../../../docs/http-endpoint.md', import.meta.url), 'utf8');
    const known = dialects({ documents: 10, models: ['mine'], basePath: '' });
    for (const { name, request } of known.all) {
      assert.ok(docs.includes(`| \`${name}\` |`), name);
      for (const field of Object.keys(request.properties))
        assert.ok(docs.includes(`\`${field}\``), `${name}: ${field}`);
    }
  });
});

describe('text-embeddings-inference', () => {
  // The schemas of its OpenAPI document, in so far as they are about a ranking.
  const published = {
    Rank: {
      type: 'object',
      required: ['index', 'score'],
      properties: { index: { type: 'integer', minimum: 0 }, score: { type: 'number' }, text: { type: 'string' } },
    },
    ErrorResponse: {
      type: 'object',
      required: ['error', 'error_type'],
      properties: { error_type: { enum: ['validation', 'overloaded', 'backend', 'unhealthy', 'tokenizer'] } },
    },
  };
  const ajv = new Ajv2020();
  const isRanking = ajv.compile({ type: 'array', items: published.Rank });
  const isError = ajv.compile(published.ErrorResponse);

  it('is answered with a bare list, best first', async () => {
    const body = { query, texts: documents, truncate: true, truncation_direction: 'Right', raw_scores: false };
    const answer = await answerTo({ ...body, return_text: true }, '/rerank');
    assert.ok(isRanking(answer));
    assert.deepEqual(
      answer,
      best.map((index) => ({ index, score: scores[index], text: documents[index] })),
    );
  });

  it('gets errors in its shape, too', async () => {
    const answer = await ask(post({ query, texts: 7 }, { path: '/rerank' }));
    assertProblem(answer, badValue);
    assert.ok(isError(answer.json));
    const busy = makeHandler({ rateLimit: () => false });
    assert.equal((await busy.ask(post({ query, texts: documents }))).json.error_type, 'overloaded');
    const broken = makeHandler({ reranker: () => Promise.reject(new Error('broken')) });
    assert.equal((await broken.ask(post({ query, texts: documents }))).json.error_type, 'backend');
  });

  it('is refused where documents would be cut at their start', async () => {
    const error = await refusalOf({ query, texts: documents, truncation_direction: 'left' }, badValue, '/rerank');
    assert.equal(error.message, '`truncation_direction` must be "right" or "Right"; it is another string.');
  });
});

describe('the task text-ranking', () => {
  it('takes its parameters, and options without effect', async () => {
    const parameters = { return_documents: true, raw_scores: true };
    const body = { inputs: { query, texts: documents }, parameters, options: { wait_for_model: true } };
    assert.deepEqual(
      await answerTo(body),
      best.map((index) => ({ index, score: logits[index], text: documents[index] })),
    );
  });

  it('scores pairs with different queries, each query once', async () => {
    const inputs = [
      ['one', 'short'],
      ['two', 'rather long'],
      ['one', 'tiny'],
    ];
    assert.deepEqual(await answerTo({ inputs }), { scores });
    assert.deepEqual(
      calls.map(({ query, texts }) => [query, texts]),
      [
        ['one', ['short', 'tiny']],
        ['two', ['rather long']],
      ],
    );
  });

  const wrong = {
    'inputs.texts': { inputs: { query } },
    'inputs.query': { inputs: { query: ' ', texts: documents } },
    'inputs[1]': { inputs: [[query, 'text'], [query]] },
    'inputs[0]': { inputs: [[query, 'text', 'more']] },
    'inputs[1][0]': {
      inputs: [
        [query, 'text'],
        [' ', 'text'],
      ],
    },
    inputs: { inputs: 'text' },
    parameters: { inputs: { query, texts: documents }, parameters: 7 },
  };
  for (const [param, body] of Object.entries(wrong)) {
    it(`is refused with a wrong ${param}`, async () => assert.equal((await refusalOf(body, badValue)).param, param));
  }

  it('is refused with an unknown parameter, which is named in full', async () => {
    const error = await refusalOf(
      { inputs: { query, texts: documents }, parameters: { return_txt: true } },
      unknownField,
    );
    assert.equal(error.param, 'parameters.return_txt');
    assert.match(error.message, /did you mean `parameters\.return_text`\?/);
  });
});

describe("vLLM's scores", () => {
  const scoreOf = async (body) => answerTo(body, '/v1/score');

  it('have the shape that vLLM gives them', async () => {
    const { id, created, ...answer } = await scoreOf({ model: null, text_1: query, text_2: 'short', user: 'someone' });
    assert.equal(typeof id, 'string');
    assert.ok(Math.abs(created - Date.now() / 1000) < 60, `${created}`);
    assert.deepEqual(answer, {
      object: 'list',
      model: 'reranker',
      data: [{ index: 0, object: 'score', score: scores[0] }],
      usage: { prompt_tokens: 9, total_tokens: 9 },
    });
  });

  it('are of one query for all texts, or of one for each', async () => {
    const scoresOf = async (body) => (await scoreOf(body)).data.map(({ score }) => score);
    assert.deepEqual(await scoresOf({ text_1: [query], text_2: documents }), scores);
    assert.deepEqual(await scoresOf({ text_1: ['one', 'two', 'one'], text_2: documents }), scores);
    assert.deepEqual(
      calls.map(({ query, texts }) => [query, texts]),
      [
        ['one', ['short', 'tiny']],
        ['two', ['rather long']],
      ],
    );
  });

  it('are refused for lists that do not fit together', async () => {
    const error = await refusalOf({ text_1: ['one', 'two'], text_2: documents }, badValue, '/score');
    assert.equal(error.message, '`text_1` must have one entry or as many as `text_2`, 3; it has 2.');
    assert.equal((await refusalOf({ text_1: query, text_2: [] }, badValue, '/score')).param, 'text_2');
    assert.equal((await refusalOf({ text_1: query }, badValue, '/score')).param, 'text_2');
    assert.equal((await refusalOf({ query, documents }, unknownField, '/score')).param, 'query');
  });

  it('keep to a limit of tokens', async () => {
    for (const [limit, maxTokens] of [
      [100, 100],
      [9999, undefined],
      [-1, undefined],
      [null, undefined],
    ]) {
      await scoreOf({ text_1: query, text_2: documents, truncate_prompt_tokens: limit, truncation_side: 'right' });
      assert.equal(calls[0].options.maxTokens, maxTokens);
      await answerTo({ query, documents, truncate_prompt_tokens: limit });
      assert.equal(calls[0].options.maxTokens, maxTokens);
    }
  });
});

describe('raw scores', () => {
  const logitsOf = {
    '/v1/rerank': [
      [{ query, documents, raw_scores: true }, ({ results }) => results.map((each) => each.relevance_score)],
      [{ query, documents, use_activation: false }, ({ results }) => results.map((each) => each.relevance_score)],
      [
        { query, contexts: documents.map((text) => ({ text })), raw_scores: true },
        ({ response }) => response.map((each) => each.score),
      ],
      [{ query, texts: documents, raw_scores: true }, (ranks) => ranks.map((each) => each.score)],
      [
        { inputs: { query, texts: documents }, parameters: { raw_scores: true } },
        (ranks) => ranks.map((each) => each.score),
      ],
    ],
    '/v1/score': [
      [{ text_1: query, text_2: documents, use_activation: false }, ({ data }) => data.map((each) => each.score)],
      [{ text_1: query, text_2: documents, raw_scores: true }, ({ data }) => data.map((each) => each.score)],
    ],
  };
  for (const [path, cases] of Object.entries(logitsOf)) {
    for (const [body, read] of cases) {
      it(`are logits for ${Object.keys(body).join(', ')} at ${path}`, async () => {
        const expected = path === '/v1/rerank' ? best.map((index) => logits[index]) : logits;
        assert.deepEqual(read(await answerTo(body, path)), expected);
      });
    }
  }
});

describe('a document that is too long', () => {
  const long = 'x'.repeat(600);

  it('is cut unless the request forbids it', async () => {
    for (const truncate of [undefined, null, true]) {
      assert.equal((await answerTo({ query, texts: ['short', long], truncate })).length, 2);
    }
  });

  it('is named where it must not be cut', async () => {
    for (const [body, param] of [
      [{ query, texts: ['short', long], truncate: false }, 'texts[1]'],
      [{ query, documents: ['short', long], truncation: false }, 'documents[1]'],
      [{ inputs: { query, texts: ['short', long] }, parameters: { truncate: false } }, 'inputs.texts[1]'],
    ]) {
      const error = await refusalOf(body, badValue);
      assert.equal(error.param, param);
      assert.match(error.message, /is too long; the limit is 512 tokens with the query\./);
    }
    assert.equal((await answerTo({ query, texts: ['short'], truncate: false })).length, 1);
  });
});

describe('documents with several fields', () => {
  const objects = [{ title: 'A', body: 'long enough', page: 7 }, { body: 'B' }, 'only text'];

  it('are ranked by rank_fields and given back as they were', async () => {
    const body = { query, documents: objects, rank_fields: ['title', 'body'], return_documents: true };
    const { results } = await answerTo(body);
    assert.deepEqual(calls[0].texts, ['A\nlong enough', 'B', 'only text']);
    assert.deepEqual(
      results.map(({ document }) => document),
      [objects[0], { text: 'only text' }, objects[1]],
    );
  });

  it('are refused where none of the fields is a text', async () => {
    for (const [rank_fields, index] of [
      [['title'], 1],
      [['page'], 0],
      [['constructor'], 0],
    ]) {
      const { param } = await refusalOf({ query, documents: objects, rank_fields }, badValue);
      assert.equal(param, `documents[${index}]`);
    }
    assert.equal((await refusalOf({ query, documents, rank_fields: [] }, badValue)).param, 'rank_fields');
    assert.equal((await refusalOf({ query, documents, rank_fields: 'text' }, badValue)).param, 'rank_fields');
  });
});

describe('a field of a request', () => {
  const known = dialects({ documents: 100, models: ['reranker'], basePath: '' });
  const paths = ['/v1/rerank', '/v1/score'];

  for (const path of paths) {
    for (const { name, request } of known.at(path)) {
      const [example] = request.examples ?? [{ query, documents: [{ text: 'x' }], rank_fields: ['text'] }];
      for (const field of Object.keys(request.properties)) {
        it(`is named in the refusal of a misspelt one: ${name}, ${field}`, async () => {
          // A body with a field that Voyage lacks is Cohere's, which has all fields of Voyage.
          const error = await refusalOf({ ...example, [`${field}x`]: 1 }, unknownField, path);
          assert.equal(error.param, `${field}x`);
          assert.match(error.message, new RegExp(`did you mean \`${field}\`\\?`));
        });
      }
    }
  }

  it('has no effect only where the table says so', async () => {
    const docs = await readFile(new URL('../../../docs/http-endpoint.md', import.meta.url), 'utf8');
    const table = docs.slice(docs.indexOf('## Fields without effect'));
    for (const names of Object.values(withoutEffect)) {
      for (const field of names) assert.match(table, new RegExp(`^\\| \`${field}\` \\|`, 'm'));
    }
    const documented = [...table.slice(0, table.indexOf('\n## ', 3)).matchAll(/^\| `(\w+)` \|/gm)].map(
      ([, name]) => name,
    );
    assert.deepEqual(documented.sort(), [...new Set(Object.values(withoutEffect).flat())].sort());
  });

  const { Embeddings: ofEmbeddings, ...ofRankings } = withoutEffect;
  for (const [dialect, names] of Object.entries(ofRankings)) {
    for (const field of names) {
      it(`without effect changes nothing: ${dialect}, ${field}`, async () => {
        const { request } = known.all.find(({ name }) => name === dialect);
        const path = dialect === 'Score' ? '/v1/score' : '/v1/rerank';
        const [body] = request.examples;
        const { id, created, ...plain } = await answerTo(body, path);
        const { id: _, created: __, ...other } = await answerTo({ ...body, [field]: 7 }, path);
        assert.ok(dialect === 'TextRanking' || id !== undefined || created !== undefined);
        assert.deepEqual(other, plain);
      });
    }
  }

  it('without effect changes nothing: Embeddings', () => {
    const dialect = embeddingsDialect({ documents: 10, models: ['a'], basePath: '' });
    const [body] = dialect.request.examples;
    for (const field of ofEmbeddings) assert.deepEqual(dialect.read({ ...body, [field]: 7 }), dialect.read(body));
  });
});
