import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { assertProblem, gate, get, makeHandler, post, stubReranker } from '../../support/servers/handler.js';

const secret = 'something that only the user knows';
const valid = { query: 'a query', documents: ['short', 'rather long'] };
const badJson = '400 invalid_request_error invalid_json';
const badValue = '422 invalid_request_error invalid_value';
const unknownField = '422 invalid_request_error unknown_field';
const badType = '415 invalid_request_error unsupported_media_type';

describe('a handler refuses', () => {
  const { ask, errors } = makeHandler({ limits: { bodyBytes: 200_000, documents: 100, tokens: 20_000 } });

  const bodies = {
    'an empty body': ['', badJson],
    'broken JSON': [`{"query": "${secret}", `, badJson],
    'a body that is a page': ['<!doctype html>', badJson],
    'bytes that are not UTF-8': [Uint8Array.of(34, 255, 254, 34), badJson],
    'UTF-8 that is cut off': [Uint8Array.of(34, 226, 130), badJson],
    'a deep nest': ['['.repeat(100_000), badJson],
    'a deep nest that is closed': ['['.repeat(90_000) + ']'.repeat(90_000), badValue],
    'a number': ['7', badValue],
    null: ['null', badValue],
    'a list': [[valid], badValue],
    'an empty object': [{}, badValue, 'query'],
    'no query': [{ documents: [secret] }, badValue, 'query'],
    'no documents': [{ query: secret }, badValue, 'documents'],
    'a query that is a number': [{ ...valid, query: 7 }, badValue, 'query'],
    'a blank query': [{ ...valid, query: ' \n' }, badValue, 'query'],
    'a query that is null': [{ ...valid, query: null }, badValue, 'query'],
    'documents that are a text': [{ ...valid, documents: secret }, badValue, 'documents'],
    'documents that are an object': [{ ...valid, documents: { 0: secret } }, badValue, 'documents'],
    'a document that is a number': [{ ...valid, documents: ['text', 7] }, badValue, 'documents[1]'],
    'a document that is null': [{ ...valid, documents: [null] }, badValue, 'documents[0]'],
    'a document without text': [{ ...valid, documents: [{ title: secret }] }, badValue, 'documents[0].text'],
    'a document with a list as text': [{ ...valid, documents: [{ text: [secret] }] }, badValue, 'documents[0].text'],
    'top_n of 0': [{ ...valid, top_n: 0 }, badValue, 'top_n'],
    'top_n of 1.5': [{ ...valid, top_n: 1.5 }, badValue, 'top_n'],
    'top_n that is a text': [{ ...valid, top_n: '3' }, badValue, 'top_n'],
    'top_k below 1': [{ ...valid, top_k: -1 }, badValue, 'top_k'],
    'return_documents that is a text': [{ ...valid, return_documents: 'yes' }, badValue, 'return_documents'],
    'max_tokens_per_doc of 0': [{ ...valid, max_tokens_per_doc: 0 }, badValue, 'max_tokens_per_doc'],
    'a model that is a number': [{ ...valid, model: 7 }, badValue, 'model'],
    'a model that there is not': [{ ...valid, model: secret }, '404 not_found model_not_found', 'model'],
    'contexts that are texts': [{ query: 'a query', contexts: [secret] }, badValue, 'contexts[0]'],
    'contexts and documents': [{ ...valid, contexts: [] }, unknownField, 'contexts'],
    'a misspelt field': [{ ...valid, topn: 1 }, unknownField, 'topn'],
    'a field with a name that may be private': [{ ...valid, [secret]: 1 }, unknownField],
    'too many documents': [
      { ...valid, documents: Array(101).fill(secret) },
      '422 invalid_request_error too_many_documents',
      'documents',
    ],
    'too many tokens': [
      { ...valid, documents: Array(50).fill('word '.repeat(600)) },
      '422 invalid_request_error too_many_tokens',
      'documents',
    ],
  };

  for (const [what, [body, expected, param = null]] of Object.entries(bodies)) {
    it(what, async () => {
      const answer = await ask(post(body));
      assert.equal(assertProblem(answer, expected).param, param);
      assert.ok(!answer.text.includes(secret));
    });
  }

  const types = {
    'no content type': [{ 'content-type': '' }, badType],
    'a form': [{ 'content-type': 'application/x-www-form-urlencoded' }, badType],
    'plain text, which any page could send': [{ 'content-type': 'text/plain' }, badType],
    'another charset': [{ 'content-type': 'application/json; charset=latin1' }, badType],
    'a compressed body': [{ 'content-encoding': 'gzip' }, badType],
  };

  for (const [what, [headers, expected]] of Object.entries(types)) {
    it(what, async () => assertProblem(await ask(post(valid, { headers })), expected));
  }

  for (const type of [
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/vnd.api+json',
  ]) {
    it(`not ${type}`, async () => {
      assert.equal((await ask(post(valid, { headers: { 'content-type': type } }))).status, 200);
    });
  }

  it('with a message that says what was found, and what to send', async () => {
    const aDocument = 'must be a string or an object with `text`; it is';
    for (const [body, message] of [
      ['', 'The body is empty; send a JSON object.'],
      ['{', 'The body is not valid JSON; send a JSON object.'],
      ['7', 'The body must be an object with `query` and `documents`; it is an integer.'],
      [[valid], 'The body must be an object with `query` and `documents`; it is an array.'],
      [{}, '`query` is missing; add it.'],
      [{ ...valid, query: 7 }, '`query` must be a string; it is an integer.'],
      [{ ...valid, query: ' ' }, '`query` must not be blank; it has no visible character.'],
      [{ ...valid, documents: secret }, '`documents` must be an array; it is a string.'],
      [{ ...valid, documents: ['text', null] }, `\`documents[1]\` ${aDocument} null.`],
      [{ ...valid, documents: [true] }, `\`documents[0]\` ${aDocument} a boolean.`],
      [{ ...valid, documents: [{}] }, '`documents[0].text` is missing; add it.'],
      [{ ...valid, top_n: 0 }, '`top_n` must be at least 1; it is less.'],
      [{ ...valid, top_n: 1.5 }, '`top_n` must be an integer or null; it is a fraction.'],
      [{ ...valid, return_documents: 1 }, '`return_documents` must be a boolean or null; it is an integer.'],
      [{ ...valid, documents: Array(101).fill('') }, '`documents` has 101 entries; the limit is 100. Send fewer.'],
      [
        { ...valid, top_m: 1 },
        /^`top_m` is unknown in this request; did you mean `top_n`\? It may have model, query, /,
      ],
      [{ ...valid, colour: 1 }, /^`colour` is unknown in this request; it may have model, query, /],
      [{ ...valid, [secret]: 1 }, /^A field is unknown in this request; it may have model, query, /],
      [{ ...valid, model: secret }, '`model` is not a model of this server; GET /v1/models lists them.'],
    ]) {
      const { json } = await ask(post(body));
      if (typeof message === 'string') assert.equal(json.message, message);
      else assert.match(json.message, message);
    }
  });

  it('nothing that it tells anybody about', () => assert.deepEqual(errors, []));
});

describe('a body that is too large', () => {
  const { ask, handle } = makeHandler({ limits: { bodyBytes: 1000 } });
  const expected = '413 invalid_request_error body_too_large';

  it('is refused before it is read where its length is given', async () => {
    let pulled = 0;
    const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 });
    const request = post(body, { headers: { 'content-length': '1001' } });
    assertProblem(await ask(request), expected);
    assert.deepEqual([pulled, request.bodyUsed], [0, false]);
  });

  it('is read to the limit and no further where it is not', async () => {
    let pulled = 0;
    const cancelled = gate();
    const body = new ReadableStream(
      {
        pull(controller) {
          pulled += 1;
          controller.enqueue(new Uint8Array(100).fill(32));
        },
        cancel: cancelled.open,
      },
      { highWaterMark: 0 },
    );
    assertProblem(await ask(post(body)), expected);
    assert.equal(pulled, 11);
    await cancelled.promise;
  });

  it('may have just as many bytes as the limit, however they are cut', async () => {
    const text = JSON.stringify({ query: 'é', documents: ['ü€😀'] });
    const bytes = new TextEncoder().encode(text + ' '.repeat(1000 - new TextEncoder().encode(text).length));
    for (const step of [1, 2, 3, 1000]) {
      let start = 0;
      const body = new ReadableStream({
        pull(controller) {
          if (start >= bytes.length) return controller.close();
          controller.enqueue(bytes.subarray(start, start + step));
          start += step;
        },
      });
      assert.equal((await handle(post(body))).status, 200);
    }
  });

  it('is no longer waited for when the client goes away', async () => {
    const client = new AbortController();
    const pulled = gate();
    const body = new ReadableStream({ pull: pulled.open }, { highWaterMark: 0 });
    const answer = ask(post(body, { signal: client.signal }));
    await pulled.promise;
    client.abort();
    assertProblem(await answer, '499 invalid_request_error request_aborted');
  });

  it('is a bad request where it breaks off', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
    assertProblem(await ask(post(body)), badJson);
  });
});

describe('routes', () => {
  const { ask } = makeHandler();

  for (const path of ['/v1/rerank', '/v2/rerank', '/rerank']) {
    it(`POST ${path} ranks`, async () => {
      const { status, json } = await ask(post(valid, { path }));
      assert.deepEqual([status, json.results.map(({ index }) => index)], [200, [1, 0]]);
      assert.equal(json.meta.api_version.version, path.startsWith('/v1') ? '1' : '2');
    });

    it(`GET ${path} is refused`, async () => {
      const answer = await ask(get(path));
      assertProblem(answer, '405 invalid_request_error method_not_allowed');
      assert.equal(answer.headers.get('allow'), 'POST');
    });
  }

  for (const path of ['/v1/models', '/openapi.json', '/healthz', '/llms.txt']) {
    it(`GET and HEAD ${path} answer, POST does not`, async () => {
      const { status, text, headers } = await ask(get(path));
      assert.deepEqual([status, text.length > 0], [200, true]);
      const head = await ask(get(path, { method: 'HEAD' }));
      assert.deepEqual([head.status, head.text], [200, '']);
      assert.equal(head.headers.get('content-type'), headers.get('content-type'));
      const answer = await ask(post({}, { path }));
      assertProblem(answer, '405 invalid_request_error method_not_allowed');
      assert.equal(answer.headers.get('allow'), 'GET, HEAD');
    });
  }

  for (const path of ['/', '/v1', '/v1/rerank/', '/v3/rerank', '/constructor', '/__proto__', '/v1/%72erank']) {
    it(`${path} is not there`, async () => {
      const error = assertProblem(await ask(get(path)), '404 not_found endpoint_not_found');
      assert.match(error.message, /llms\.txt/);
    });
  }

  it('tells those who want embeddings what this is', async () => {
    const answer = await ask(post({ input: 'text' }, { path: '/v1/embeddings' }));
    const error = assertProblem(answer, '404 not_found endpoint_not_found');
    assert.match(error.message, /is a reranker; use POST \/v1\/rerank\.$/);
  });

  it('lists its models by the names that it was given', async () => {
    const models = ['first', 'second'];
    const named = makeHandler({ models });
    const { json } = await named.ask(get('/v1/models'));
    assert.deepEqual(
      json.data.map(({ id }) => id),
      models,
    );
    for (const model of models) {
      assert.equal((await named.ask(post({ ...valid, model }))).json.model, 'first');
    }
  });

  it('has names that are no paths for models that were given none', async () => {
    const nameFor = async (reranker) => (await makeHandler({ reranker }).ask(get('/v1/models'))).json.data[0].id;
    assert.equal(await nameFor(undefined), 'bge-reranker-base');
    assert.equal(await nameFor({}), 'bge-reranker-base');
    assert.equal(await nameFor({ model: '/srv/secret/model' }), 'reranker');
    assert.equal(await nameFor({ model: new URL('https://models.example/one') }), 'reranker');
    assert.equal(await nameFor({ model: 'org/repo@main', file: 'model.onnx', token: 'secret' }), 'org/repo');
    assert.equal(await nameFor({ model: { name: 'mine', files: {} } }), 'mine');
    assert.equal(await nameFor(async () => stubReranker()), 'reranker');
  });
});

describe('request ids', () => {
  const { ask } = makeHandler();
  const idFor = async (given) => {
    const headers = given === undefined ? {} : { 'x-request-id': given };
    return (await ask(post(valid, { headers }))).headers.get('x-request-id');
  };

  it('are those of the client where they are sane', async () => {
    for (const id of ['7', 'req_01:a.b-c', 'x'.repeat(128)]) assert.equal(await idFor(id), id);
  });

  it('are made where they are not', async () => {
    const made = await Promise.all([undefined, '', 'a b', '<script>', 'x'.repeat(129), 'ü'].map(idFor));
    for (const id of made) assert.match(id, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    assert.equal(new Set(made).size, made.length);
  });

  it('stand in answers, good and bad', async () => {
    const headers = { 'x-request-id': 'mine' };
    for (const body of [valid, {}]) assert.equal((await ask(post(body, { headers }))).json.id, 'mine');
  });
});
