import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { RerankError } from 'rerank-wasm';

import { assertProblem, gate, get, makeHandler, post, stubReranker } from '../../support/servers/handler.js';

const path = '/v1/embeddings';
const badValue = '422 invalid_request_error invalid_value';

/** An embedder for which a vector holds the text's length, 0.5 and −2. It notes each call. */
function stubEmbedder({ maxTokens = 512, ready = async () => {} } = {}) {
  const noted = { calls: [], disposed: 0 };
  return {
    noted,
    async embed(texts, { signal, ...options }) {
      noted.calls.push({ texts, options });
      await ready(signal);
      if (options.dimensions > 3) {
        throw new RerankError('invalid_input', '`dimensions` must be at most 3, what the model returns; it is 4.');
      }
      return {
        embeddings: texts.map((text) => Float32Array.of(text.length, 0.5, -2)),
        tokens: texts.map(() => 4),
        truncated: texts.map((text) => text.length > 100),
      };
    },
    async statistics() {
      return { maxTokens };
    },
    async dispose() {
      noted.disposed += 1;
    },
  };
}

function makeEmbedding(options = {}) {
  const embedder = stubEmbedder();
  const handler = makeHandler({ embedder: async () => embedder, ...options });
  return { ...handler, noted: embedder.noted, embed: (body) => handler.ask(post(body, { path })) };
}

describe('embeddings', () => {
  it('answer in the form of OpenAI, in the order of the input', async () => {
    const { embed, noted } = makeEmbedding();
    const { status, json } = await embed({ model: 'embedder', input: ['a', 'bcd'] });
    assert.equal(status, 200);
    assert.deepEqual(json, {
      object: 'list',
      model: 'embedder',
      data: [
        { object: 'embedding', index: 0, embedding: [1, 0.5, -2] },
        { object: 'embedding', index: 1, embedding: [3, 0.5, -2] },
      ],
      usage: { prompt_tokens: 8, total_tokens: 8 },
    });
    assert.deepEqual(noted.calls, [{ texts: ['a', 'bcd'], options: { prompt: '' } }]);
  });

  it('take one text, several, and token ids in both forms', async () => {
    const { embed, noted } = makeEmbedding();
    for (const input of ['a text', ['a', 'b'], [1, 2, 3], [[1, 2], [3]], ['']])
      assert.equal((await embed({ input })).status, 200);
    assert.deepEqual(
      noted.calls.map(({ texts }) => texts),
      [['a text'], ['a', 'b'], [[1, 2, 3]], [[1, 2], [3]], ['']],
    );
  });

  it('are base64 of the same numbers on request', async () => {
    const { embed } = makeEmbedding();
    const { json } = await embed({ input: 'abc', encoding_format: 'base64' });
    const bytes = Buffer.from(json.data[0].embedding, 'base64');
    const numbers = [0, 4, 8].map((place) => bytes.readFloatLE(place));
    assert.deepEqual(numbers, [3, 0.5, -2]);
  });

  it('pass on what they are for, and the dimensions', async () => {
    const { embed, noted } = makeEmbedding();
    await embed({ input: 'a', input_type: 'query', dimensions: 2, user: 'x', encoding_format: null });
    await embed({ input: 'a', input_type: 'document', dimensions: null, model: null });
    assert.deepEqual(
      noted.calls.map(({ options }) => options),
      [{ kind: 'query', dimensions: 2 }, { kind: 'document' }],
    );
    const error = assertProblem(await embed({ input: 'a', dimensions: 4 }), badValue);
    assert.deepEqual(
      [error.param, error.message],
      ['dimensions', '`dimensions` must be at most 3, what the model returns; it is 4.'],
    );
  });

  it('say which texts were cut, or refuse them', async () => {
    const { embed } = makeEmbedding();
    const input = ['short', 'x'.repeat(101)];
    const { json } = await embed({ input });
    assert.deepEqual(json.meta.warnings, ['1 of 2 texts were cut because they are too long.']);
    const error = assertProblem(await embed({ input, truncation: false }), badValue);
    assert.deepEqual(
      [error.param, error.message],
      ['input[1]', '`input[1]` is too long; the limit is 512 tokens. Shorten it or let it be cut.'],
    );
  });

  const secret = 'something private';
  for (const [what, body, expected, param] of [
    ['no input', {}, badValue, 'input'],
    ['an empty list', { input: [] }, badValue, 'input'],
    ['texts beside numbers', { input: [secret, 1] }, badValue, 'input'],
    ['a number', { input: 7 }, badValue, 'input'],
    ['an object', { input: [{ text: secret }] }, badValue, 'input[0]'],
    ['a negative id', { input: [1, -1] }, badValue, 'input[1]'],
    ['an empty list of ids', { input: [[]] }, badValue, 'input[0]'],
    ['another encoding', { input: 'a', encoding_format: 'hex' }, badValue, 'encoding_format'],
    ['another type', { input: 'a', input_type: secret }, badValue, 'input_type'],
    ['a misspelt field', { inputs: 'a' }, '422 invalid_request_error unknown_field', 'inputs'],
    ['too many texts', { input: Array(101).fill('a') }, '422 invalid_request_error too_many_documents', 'input'],
    [
      'too many tokens',
      { input: Array(50).fill(secret.repeat(200)) },
      '422 invalid_request_error too_many_tokens',
      'input',
    ],
  ]) {
    it(`refuse ${what}`, async () => {
      const { embed } = makeEmbedding({ limits: { documents: 100, tokens: 20_000 } });
      const answer = await embed(body);
      assert.equal(assertProblem(answer, expected).param, param);
      assert.ok(!answer.text.includes(secret));
    });
  }

  it('take a list of ids that is longer than the list of texts may be', async () => {
    const { embed } = makeEmbedding({ limits: { documents: 3 } });
    assert.equal((await embed({ input: [1, 2, 3, 4, 5] })).status, 200);
  });
});

describe('a handler with several models', () => {
  function makeSeveral() {
    const [one, other] = [stubEmbedder(), stubEmbedder()];
    const models = {
      ranker: { reranker: async () => stubReranker() },
      one: { embedder: async () => one },
      other: { embedder: async () => other },
    };
    return { ...makeHandler({ reranker: undefined, models }), one, other };
  }

  it('lets requests choose one by name, and takes the first of its kind without a name', async () => {
    const { ask, one, other } = makeSeveral();
    for (const [model, name] of [
      [undefined, 'one'],
      ['one', 'one'],
      ['other', 'other'],
    ]) {
      const { json } = await ask(post({ model, input: 'a' }, { path }));
      assert.equal(json.model, name);
    }
    assert.deepEqual([one.noted.calls.length, other.noted.calls.length], [2, 1]);
    const { json } = await ask(post({ query: 'a query', documents: ['a'] }));
    assert.equal(json.model, 'ranker');
  });

  it('lists them, and tells the state of each', async () => {
    const { ask } = makeSeveral();
    const { json } = await ask(get('/v1/models'));
    assert.deepEqual(
      json.data.map(({ id }) => id),
      ['ranker', 'one', 'other'],
    );
    await ask(post({ model: 'other', input: 'a' }, { path }));
    const health = await ask(get('/healthz'));
    const models = { ranker: 'not loaded', one: 'not loaded', other: 'ready' };
    assert.deepEqual(health.json, { status: 'ok', model: 'not loaded', models });
  });

  it('names the endpoint of a model of the other kind', async () => {
    const { ask } = makeSeveral();
    const missing = '404 not_found model_not_found';
    const ranker = assertProblem(await ask(post({ model: 'ranker', input: 'a' }, { path })), missing);
    assert.equal(ranker.message, '`model` is a reranker; use POST /v1/rerank.');
    const embedder = assertProblem(await ask(post({ model: 'one', query: 'a query', documents: ['a'] })), missing);
    assert.equal(embedder.message, '`model` is an embedding model; use POST /v1/embeddings.');
    const unknown = assertProblem(await ask(post({ model: 'x', input: 'a' }, { path })), missing);
    assert.match(unknown.message, /not a model of this server; GET \/v1\/models lists them/);
  });

  it('names its endpoints to those who look for another', async () => {
    const { ask } = makeSeveral();
    const chat = assertProblem(
      await ask(post({}, { path: '/v1/chat/completions' })),
      '404 not_found endpoint_not_found',
    );
    assert.equal(
      chat.message,
      'This server is a reranker and an embedding model; use POST /v1/rerank or POST /v1/embeddings.',
    );
  });

  it('describes both', async () => {
    const { ask } = makeSeveral();
    const { text } = await ask(get('/llms.txt'));
    assert.match(text, /POST \/v1\/rerank[\s\S]*POST \/v1\/embeddings[\s\S]*`model` \(one, other\)/);
  });
});

describe('a handler with an embedder alone', () => {
  it('ranks nothing, and says so', async () => {
    const { ask } = makeHandler({ reranker: undefined, embedder: async () => stubEmbedder() });
    assert.equal((await ask(post({ input: 'a' }, { path }))).status, 200);
    const error = assertProblem(await ask(post({ query: 'a', documents: [] })), '404 not_found endpoint_not_found');
    assert.equal(error.message, 'This server is an embedding model; use POST /v1/embeddings.');
  });
});

describe('the hooks and the queue of embeddings', () => {
  it('know the model, the number of texts and their cost', async () => {
    const calls = [];
    const authorize = ({ model, documents, tokens }) => calls.push({ model, documents, tokens }) > 0;
    const { embed } = makeEmbedding({ authorize });
    await embed({ input: ['four', [1, 2, 3]] });
    assert.deepEqual(calls, [{ model: 'embedder', documents: 2, tokens: 7 }]);
    const { embed: refused, noted } = makeEmbedding({ authorize: () => false });
    assertProblem(await refused({ input: 'a' }), '402 insufficient_credits insufficient_credits');
    assert.deepEqual(noted.calls, []);
  });

  it('share their room with rankings', async () => {
    const { promise: opened, open } = gate();
    const embedder = stubEmbedder({ ready: () => opened });
    const limits = { tokens: 100, queueTokens: 100 };
    const { ask } = makeHandler({ embedder: async () => embedder, limits });
    const running = ask(post({ input: 'x'.repeat(200) }, { path }));
    while (embedder.noted.calls.length === 0) await new Promise((resolve) => setTimeout(resolve));
    const ranking = await ask(post({ query: 'x'.repeat(100), documents: ['a'] }));
    assertProblem(ranking, '503 service_unavailable queue_full');
    open();
    assert.equal((await running).status, 200);
  });

  it('try another embedder if a request beside them crashed it', async () => {
    const made = [];
    const embedder = async () => {
      const fails =
        made.length === 0 ? () => Promise.reject(new RerankError('disposed', 'It is gone.')) : async () => {};
      made.push(stubEmbedder({ ready: fails }));
      return made.at(-1);
    };
    const { ask } = makeHandler({ embedder });
    assert.equal((await ask(post({ input: 'a' }, { path }))).status, 200);
    assert.deepEqual(
      made.map(({ noted }) => noted.disposed),
      [1, 0],
    );
  });
});
