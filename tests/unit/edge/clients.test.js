import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { InferenceClient, setLogger } from '@huggingface/inference';
import { CohereClient, CohereClientV2, CohereError } from 'cohere-ai';
import OpenAI from 'openai';
import { bearerKeys } from 'rerank-wasm/edge';
import mini from 'rerank-wasm-mini';
import Together from 'together-ai';
import { VoyageAIClient, VoyageAIError } from 'voyageai';

import { makeHandler } from '../../support/servers/handler.js';
import { useServer } from '../../support/servers/serve.js';

const run = promisify(execFile);
const query = 'What is the capital of France?';
const documents = ['giraffe', 'Paris is the capital of France.', 'Berlin is the capital of Germany.'];
const model = 'rerank-wasm-mini';

/** The keys of callers that the hooks refuse or fail for. */
const callers = { poor: 'poor-key', fast: 'fast-key', breaking: 'breaking-key' };

describe('clients of other services, with nothing but their base URL changed', () => {
  const names = new Map();
  const authenticate = async (request) => {
    const known = bearerKeys(['good-key', ...Object.values(callers)]);
    const caller = await known(request);
    for (const [name, key] of Object.entries(callers)) {
      if (request.headers.get('authorization') === `Bearer ${key}`) names.set(caller, name);
    }
    return caller;
  };
  const { handle } = makeHandler({
    reranker: { model: mini },
    authenticate,
    rateLimit: ({ caller }) => (names.get(caller) === 'fast' ? { retryAfter: 7 } : true),
    authorize({ caller }) {
      if (names.get(caller) === 'breaking') throw new Error('broken');
      return names.get(caller) !== 'poor';
    },
  });
  const url = useServer(handle);

  describe('cohere-ai', () => {
    const options = (token) => ({ token, environment: url(), maxRetries: 0 });

    it('ranks with v2', async () => {
      const client = new CohereClientV2(options('good-key'));
      const { results, id, meta } = await client.rerank({ model, query, documents, topN: 2, maxTokensPerDoc: 4096 });
      assert.deepEqual(
        results.map(({ index }) => index),
        [1, 2],
      );
      assert.ok(results[0].relevanceScore > results[1].relevanceScore);
      assert.equal(typeof id, 'string');
      assert.equal(meta.apiVersion.version, '2');
      assert.ok(meta.tokens.inputTokens > 30);
    });

    it('ranks with v1', async () => {
      const client = new CohereClient(options('good-key'));
      const objects = documents.map((text) => ({ text }));
      const { results } = await client.rerank({ model, query, documents: objects, topN: 1, returnDocuments: true });
      assert.equal(results[0].document.text, documents[1]);
    });

    it('ranks objects by some of their fields with v1', async () => {
      const client = new CohereClient(options('good-key'));
      const objects = documents.map((body, index) => ({ title: `No. ${index}`, body }));
      const { results } = await client.rerank({
        model,
        query,
        documents: objects,
        rankFields: ['title', 'body'],
        maxChunksPerDoc: 10,
        returnDocuments: true,
      });
      assert.equal(results[0].index, 1);
      assert.deepEqual({ ...results[0].document }, objects[1]);
    });

    const failures = {
      400: [{ topN: 0 }, 'good-key', 422],
      401: [{}, 'wrong-key', 401],
      402: [{}, 'poor-key', 402],
      404: [{ model: 'rerank-v3.5' }, 'good-key', 404],
      429: [{}, 'fast-key', 429],
      500: [{}, 'breaking-key', 500],
    };
    for (const [name, [change, key, status]] of Object.entries(failures)) {
      it(`reads the error ${name}`, async () => {
        const client = new CohereClientV2(options(key));
        const error = await client.rerank({ model, query, documents, ...change }).catch((error) => error);
        assert.ok(error instanceof CohereError, `${error}`);
        assert.equal(error.statusCode, status);
        assert.equal(error.body.message, error.body.error.message);
      });
    }
  });

  it("Jina's requests are answered as its API says", async () => {
    const response = await fetch(`${url()}/v1/rerank`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer good-key' },
      body: JSON.stringify({ model, query, documents, top_n: 2, return_documents: true }),
    });
    assert.equal(response.status, 200);
    const answer = await response.json();
    assert.equal(answer.model, model);
    assert.deepEqual(
      answer.results.map(({ index, document }) => [index, document]),
      [1, 2].map((index) => [index, { text: documents[index] }]),
    );
    const [first, second] = answer.results.map(({ relevance_score }) => relevance_score);
    assert.ok(first > second && second > 0 && first < 1, `${first}, ${second}`);
    assert.ok(Number.isSafeInteger(answer.usage.total_tokens) && answer.usage.total_tokens > 30);
  });

  describe('voyageai', () => {
    const clientWith = (apiKey) => new VoyageAIClient({ apiKey, environment: `${url()}/v1`, maxRetries: 0 });

    it('ranks', async () => {
      const answer = await clientWith('good-key').rerank({ model, query, documents });
      const { object, data, usage } = answer;
      assert.deepEqual([object, answer.model], ['list', model]);
      assert.deepEqual(
        data.map(({ index }) => index),
        [1, 2, 0],
      );
      assert.ok(data[0].relevanceScore > data[1].relevanceScore);
      assert.ok(usage.totalTokens > 30);
    });

    it('ranks with all its options', async () => {
      const options = { topK: 2, returnDocuments: true, truncation: true };
      const { data } = await clientWith('good-key').rerank({ model, query, documents, ...options });
      assert.deepEqual(
        data.map(({ document }) => document),
        [documents[1], documents[2]],
      );
    });

    it('reads errors', async () => {
      const long = 'word '.repeat(1000);
      for (const [key, change, status] of [
        ['wrong-key', {}, 401],
        ['good-key', { topK: 0 }, 422],
        ['good-key', { documents: [long], truncation: false }, 422],
        ['fast-key', {}, 429],
      ]) {
        const error = await clientWith(key)
          .rerank({ model, query, documents, ...change })
          .catch((error) => error);
        assert.ok(error instanceof VoyageAIError, `${error}`);
        assert.equal(error.statusCode, status);
        // Voyage's client for Python reads `detail`.
        assert.equal(error.body.detail, error.body.error.message);
      }
    });
  });

  describe('together-ai', () => {
    const clientWith = (apiKey) => new Together({ apiKey, baseURL: `${url()}/v1`, maxRetries: 0 });

    it('ranks', async () => {
      const wanted = { model, query, documents, top_n: 2, return_documents: true };
      const { results, usage, ...answer } = await clientWith('good-key').rerank.create(wanted);
      assert.equal(answer.model, model);
      assert.deepEqual(
        results.map(({ index, document }) => [index, document.text]),
        [1, 2].map((index) => [index, documents[index]]),
      );
      assert.equal(usage.completion_tokens, 0);
      assert.ok(usage.prompt_tokens > 30 && usage.total_tokens === usage.prompt_tokens);
    });

    it('ranks objects by some of their fields', async () => {
      const objects = documents.map((body, index) => ({ title: `No. ${index}`, body, index }));
      const { results } = await clientWith('good-key').rerank.create({
        model,
        query,
        documents: objects,
        rank_fields: ['body'],
        return_documents: true,
      });
      assert.deepEqual(results[0].document, objects[1]);
    });

    it('throws its own errors', async () => {
      for (const [kind, key, change] of [
        [Together.AuthenticationError, 'wrong-key', {}],
        [Together.UnprocessableEntityError, 'good-key', { top_n: 0 }],
        [Together.NotFoundError, 'good-key', { model: 'Salesforce/Llama-Rank-V1' }],
        [Together.RateLimitError, 'fast-key', {}],
      ]) {
        const error = await clientWith(key)
          .rerank.create({ model, query, documents, ...change })
          .catch((error) => error);
        assert.ok(error instanceof kind, `${error}`);
      }
    });
  });

  describe('@huggingface/inference', () => {
    // The client has no function for this task; it warns that `request`, the general one, is deprecated.
    before(() => setLogger({ ...console, warn() {} }));
    after(() => setLogger(console));
    const clientWith = (key) => new InferenceClient(key).endpoint(`${url()}/rerank`);

    it('asks for the task text-ranking', async () => {
      const ranks = await clientWith('good-key').request({
        inputs: { query, texts: documents },
        parameters: { return_text: true },
      });
      assert.deepEqual(
        ranks.map(({ index, text }) => [index, text]),
        [1, 2, 0].map((index) => [index, documents[index]]),
      );
      assert.ok(ranks.every(({ score }) => score > 0 && score < 1));
    });

    it('asks text-embeddings-inference', async () => {
      const [{ index, score }] = await clientWith('good-key').request({ query, texts: documents, raw_scores: true });
      assert.equal(index, 1);
      assert.ok(score > 1, `${score}`);
    });

    it('reads errors', async () => {
      const error = await clientWith('good-key')
        .request({ inputs: { query } })
        .catch((error) => error);
      assert.equal(error.name, 'ProviderApiError');
      assert.equal(error.httpResponse.status, 422);
      assert.equal(error.httpResponse.body.message, '`inputs.texts` is missing; add it.');
    });
  });

  describe('openai', () => {
    const clientWith = (apiKey) => new OpenAI({ apiKey, baseURL: `${url()}/v1`, maxRetries: 0 });
    const failWith = (key, path, body) =>
      clientWith(key)
        .post(path, { body })
        .then(
          () => assert.fail('no error'),
          (error) => error,
        );

    it('lists models', async () => {
      const { data } = await clientWith('good-key').models.list();
      assert.deepEqual(
        data.map(({ id }) => id),
        [model],
      );
    });

    it('ranks', async () => {
      const answer = await clientWith('good-key').post('/rerank', { body: { model, query, documents } });
      assert.equal(answer.results[0].index, 1);
    });

    it("asks for vLLM's scores", async () => {
      const { data, usage } = await clientWith('good-key').post('/score', {
        body: { model, text_1: query, text_2: documents },
      });
      assert.deepEqual(
        data.map(({ index, object }) => [index, object]),
        [0, 1, 2].map((index) => [index, 'score']),
      );
      assert.ok(data[1].score > data[2].score && data[2].score > data[0].score);
      assert.ok(usage.total_tokens > 30);
    });

    const body = { model, query, documents };
    const failures = [
      [OpenAI.AuthenticationError, 'wrong-key', body, 'invalid_api_key', null],
      [OpenAI.NotFoundError, 'good-key', { ...body, model: 'gpt-5' }, 'model_not_found', 'model'],
      [OpenAI.UnprocessableEntityError, 'good-key', { model, query }, 'invalid_value', 'documents'],
      [OpenAI.RateLimitError, 'fast-key', body, 'rate_limit_exceeded', null],
      [OpenAI.InternalServerError, 'breaking-key', body, 'internal_error', null],
      [OpenAI.APIError, 'poor-key', body, 'insufficient_credits', null],
    ];
    for (const [kind, key, request, code, param] of failures) {
      it(`throws ${kind.name} for ${code}`, async () => {
        const error = await failWith(key, '/rerank', request);
        assert.ok(error instanceof kind, `${error}`);
        assert.deepEqual([error.code, error.param], [code, param]);
        assert.ok(error.type && error.requestID);
      });
    }

    it('tells who wants embeddings what this is', async () => {
      const error = await clientWith('good-key')
        .embeddings.create({ model, input: 'text' })
        .catch((error) => error);
      assert.ok(error instanceof OpenAI.NotFoundError, `${error}`);
      assert.match(error.message, /use POST \/v1\/rerank\.$/);
    });
  });

  describe('curl', () => {
    const curl = async (...options) => {
      const format = ['--silent', '--show-error', '--max-time', '60', '--write-out', '\n%{http_code}'];
      const { stdout } = await run('curl', [...format, ...options]);
      const lines = stdout.trimEnd().split('\n');
      return { status: Number(lines.pop()), json: JSON.parse(lines.join('\n')) };
    };
    const json = ['--header', 'content-type: application/json', '--header', 'authorization: Bearer good-key'];
    const good = JSON.stringify({ model, query, documents });

    it('ranks', async () => {
      const answer = await curl(`${url()}/v1/rerank`, ...json, '--data', good);
      assert.equal(answer.status, 200);
      assert.deepEqual(
        answer.json.results.map(({ index }) => index),
        [1, 2, 0],
      );
    });

    it('ranks what comes in chunks', async () => {
      const chunked = ['--header', 'transfer-encoding: chunked'];
      const { status } = await curl(`${url()}/v1/rerank`, ...json, ...chunked, '--data', good);
      assert.equal(status, 200);
    });

    it('receives what is wrong with a form, a body of 2 MB and another method', async () => {
      const key = json.slice(2);
      assert.equal((await curl(`${url()}/v1/rerank`, ...key, '--data', good)).status, 415);
      const large = JSON.stringify({ query, documents: ['x'.repeat(2e6)] });
      const headers = ['--header', 'expect:'];
      const { promise, child } = start([`${url()}/v1/rerank`, ...json, ...headers, '--data-binary', '@-']);
      child.stdin.on('error', () => {});
      child.stdin.end(large);
      assert.match((await promise).stdout, /body_too_large/);
      assert.equal((await curl(`${url()}/v1/rerank`, ...json, '--request', 'PUT', '--data', good)).status, 405);
    });

    function start(options) {
      const promise = run('curl', ['--silent', '--max-time', '60', ...options]);
      return { promise, child: promise.child };
    }
  });
});
