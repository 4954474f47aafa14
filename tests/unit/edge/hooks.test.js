import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { RerankError } from 'rerank-wasm';
import { bearerKeys, createHandler } from 'rerank-wasm/edge';

import { assertProblem, gate, get, makeHandler, post, stubReranker } from '../../support/servers/handler.js';

const body = { query: 'a query', documents: ['short', 'rather long'] };
const refused = '401 authentication_error invalid_api_key';
const withKey = (key) => ({ headers: { authorization: `Bearer ${key}` } });

describe('keys', () => {
  const { ask } = makeHandler({ authenticate: bearerKeys(['first-key', 'second-key']) });

  it('let those in who have one', async () => {
    for (const key of ['first-key', 'second-key']) assert.equal((await ask(post(body, withKey(key)))).status, 200);
    const headers = { authorization: 'bearer  first-key' };
    assert.equal((await ask(post(body, { headers }))).status, 200);
  });

  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    'Bearer first-ke',
    'Bearer first-key2',
    'Bearer first-key second-key',
    'Basic first-key',
    'first-key',
  ]) {
    it(`keep out ${JSON.stringify(authorization)}`, async () => {
      const answer = await ask(post(body, { headers: { authorization } }));
      assertProblem(answer, refused);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    });
  }

  it('are asked for before anything of the request is looked at', async () => {
    const request = post('no json', { headers: { 'content-type': 'text/plain' } });
    assertProblem(await ask(request), refused);
    assert.equal(request.bodyUsed, false);
  });

  it('guard the list of models, and nothing that is about the service', async () => {
    assertProblem(await ask(get('/v1/models')), refused);
    assert.equal((await ask(get('/v1/models', withKey('first-key')))).status, 200);
    for (const path of ['/healthz', '/openapi.json', '/llms.txt']) assert.equal((await ask(get(path))).status, 200);
  });

  it('come from the environment', async () => {
    const { ask } = makeHandler({ authenticate: bearerKeys((env) => [env.KEY]) });
    assert.equal((await ask(post(body, withKey('one')), { KEY: 'one' })).status, 200);
    assertProblem(await ask(post(body, withKey('two')), { KEY: 'one' }), refused);
  });

  it('refuse everyone where the environment lacks them', async () => {
    for (const env of [{}, { KEY: '' }]) {
      const { ask, errors } = makeHandler({ authenticate: bearerKeys((env) => [env.KEY]) });
      assertProblem(await ask(post(body, withKey('undefined')), env), '500 server_error internal_error');
      assert.match(errors[0].error.message, /API key/);
    }
    const none = makeHandler({ authenticate: bearerKeys([]) });
    assertProblem(await none.ask(post(body, withKey('undefined'))), refused);
    assertProblem(await none.ask(post(body)), refused);
  });

  it('give the caller a name that is not the key', async () => {
    const authenticate = bearerKeys(['first-key', 'second-key']);
    const name = await authenticate(get('/', withKey('first-key')), undefined);
    assert.match(name, /^[\da-f]{64}$/);
    assert.notEqual(await authenticate(get('/', withKey('second-key')), undefined), name);
  });
});

describe('hooks', () => {
  it('are asked in their order and told what they need', async () => {
    const seen = [];
    const { ask } = makeHandler({
      models: ['first', 'second'],
      async authenticate(request, env) {
        seen.push(['authenticate', request.url, env]);
        return { name: 'somebody' };
      },
      rateLimit({ request, ...call }) {
        seen.push(['rateLimit', request.url, call]);
        return true;
      },
      async authorize({ request, ...call }) {
        seen.push(['authorize', request.url, call]);
        return true;
      },
    });
    const env = { binding: 1 };
    const request = post({ ...body, model: 'second' }, { headers: { 'x-request-id': 'mine' } });
    assert.equal((await ask(request, env)).status, 200);
    const call = { env, id: 'mine', caller: { name: 'somebody' } };
    const { url } = request;
    assert.deepEqual(seen, [
      ['authenticate', url, env],
      ['rateLimit', url, call],
      // For each document 3 tokens of the query and 4 special ones; 2 and 4 tokens of the documents.
      ['authorize', url, { ...call, model: 'first', documents: 2, tokens: 20 }],
    ]);
  });

  it('are asked to authorize once there is room and the model is loaded, and before it ranks', async () => {
    const seen = [];
    const rerank = async (...call) => {
      seen.push('rank');
      return stubReranker().rerank(...call);
    };
    const { ask } = makeHandler({
      rateLimit: () => seen.push('rateLimit') > 0,
      authorize: () => seen.push('authorize') > 0,
      async reranker() {
        seen.push('load');
        return stubReranker({ rerank });
      },
    });
    for (let count = 0; count < 2; count += 1) assert.equal((await ask(post(body))).status, 200);
    assert.deepEqual(seen, ['rateLimit', 'load', 'authorize', 'rank', 'rateLimit', 'authorize', 'rank']);
  });

  it('are asked to authorize once where the engine has to be replaced', async () => {
    let debits = 0;
    const rerank = async () => {
      throw new RerankError('disposed', 'disposed');
    };
    const rerankers = [stubReranker({ rerank }), stubReranker()];
    const { ask } = makeHandler({ reranker: async () => rerankers.shift(), authorize: () => ++debits > 0 });
    assert.deepEqual([(await ask(post(body))).status, debits], [200, 1]);
  });

  it('are not asked to authorize a request that gets a 503 or has lost its client', async () => {
    let debits = 0;
    const authorize = () => ++debits > 0;
    const { promise, open } = gate();
    const limits = { tokens: 20, queueTokens: 20, waitSeconds: 1 };
    const { ask } = makeHandler({ limits, authorize, reranker: () => promise });
    const client = new AbortController();
    const gone = ask(post({ query: 'abc', documents: [''] }, { signal: client.signal }));
    const late = ask(post({ query: 'abc', documents: ['x'.repeat(15)] }));
    assertProblem(await ask(post(body)), '503 service_unavailable queue_full');
    client.abort();
    assertProblem(await gone, '499 invalid_request_error request_aborted');
    assertProblem(await late, '503 service_unavailable model_not_ready');
    assert.equal(debits, 0);
    open(stubReranker());
    assert.equal((await ask(post(body))).status, 200);
    assert.equal(debits, 1);
  });

  for (const no of [undefined, null, false, '', 0]) {
    it(`refuse a caller that is ${JSON.stringify(no)}`, async () => {
      assertProblem(await makeHandler({ authenticate: () => no }).ask(post(body)), refused);
    });
  }

  for (const no of [undefined, null, false, 'yes', 1]) {
    it(`refuse who is not authorized: ${JSON.stringify(no)}`, async () => {
      const answer = await makeHandler({ authorize: async () => no }).ask(post(body));
      assertProblem(answer, '402 insufficient_credits insufficient_credits');
    });
  }

  const waits = [
    [false, '60'],
    [undefined, '60'],
    [{ retryAfter: 2.5 }, '3'],
    [{ retryAfter: 1 }, '1'],
    [{ retryAfter: -1 }, '60'],
    [{ retryAfter: Number.NaN }, '60'],
    [{}, '60'],
  ];
  for (const [no, seconds] of waits) {
    it(`refuse who calls too often: ${JSON.stringify(no)}`, async () => {
      const request = post(body);
      const answer = await makeHandler({ rateLimit: async () => no }).ask(request);
      assertProblem(answer, '429 rate_limit_error rate_limit_exceeded');
      assert.deepEqual([answer.headers.get('retry-after'), request.bodyUsed], [seconds, false]);
    });
  }

  const secret = 'at /srv/secret.js of somebody';
  for (const hook of ['authenticate', 'rateLimit', 'authorize']) {
    for (const [how, fail] of Object.entries({
      throws: () => {
        throw new Error(secret);
      },
      rejects: async () => {
        throw new Error(secret);
      },
      'throws a text': () => {
        throw secret;
      },
      'throws nothing': () => {
        throw undefined;
      },
    })) {
      it(`give no details away when ${hook} ${how}`, async () => {
        const { ask, errors } = makeHandler({ [hook]: fail });
        const answer = await ask(post(body));
        const { message } = assertProblem(answer, '500 server_error internal_error');
        assert.ok(message.includes(answer.json.id));
        assert.ok(!answer.text.includes(secret) && !answer.text.includes('stack'));
        assert.deepEqual(
          errors.map(({ id }) => id),
          [answer.json.id],
        );
      });
    }
  }

  it('may not read the body', async () => {
    const { ask, errors } = makeHandler({ authenticate: (request) => request.text() });
    assertProblem(await ask(post(body)), '500 server_error internal_error');
    assert.match(errors[0].error.message, /body/);
  });

  const failing = (onError) =>
    createHandler({
      reranker: async () => stubReranker(),
      authorize: () => {
        throw new Error('one');
      },
      onError,
    });

  for (const [how, onError] of Object.entries({
    throws: () => {
      throw new Error('two');
    },
    rejects: async () => {
      throw new Error('two');
    },
  })) {
    it(`do no harm when onError ${how}`, async () => {
      const unhandled = [];
      const note = (error) => unhandled.push(error);
      process.on('unhandledRejection', note);
      const waited = [];
      const ctx = { waitUntil: (work) => waited.push(work) };
      for (const each of [undefined, ctx]) assert.equal((await failing(onError)(post(body), {}, each)).status, 500);
      await Promise.all(waited);
      // Node reports an unhandled rejection after the microtasks.
      await new Promise(setImmediate);
      process.off('unhandledRejection', note);
      assert.deepEqual(unhandled, []);
    });
  }

  it('have the worker wait for onError, and not the client', async () => {
    const sent = gate();
    const reports = [];
    const handle = failing(async (error, { id }) => {
      await sent.promise;
      await new Promise(setImmediate);
      reports.push([error.message, id]);
    });
    const waited = [];
    const answer = await handle(post(body), {}, { waitUntil: (work) => waited.push(work) });
    assert.deepEqual([answer.status, reports], [500, []]);
    sent.open();
    await Promise.all(waited);
    assert.deepEqual(reports, [['one', answer.headers.get('x-request-id')]]);
  });
});

describe('options that are wrong', () => {
  const wrong = {
    'no object': 7,
    'an unknown name': { model: 'mini' },
    'an unknown limit': { limits: { bytes: 1 } },
    'a limit of 0': { limits: { documents: 0 } },
    'no time for a body': { limits: { bodySeconds: 0 } },
    'a limit that is a text': { limits: { documents: '10' } },
    'a queue smaller than a request': { limits: { tokens: 10, queueTokens: 9 } },
    'a queue smaller than a body': { limits: { bodyBytes: 10, queueBytes: 9 } },
    'a hook that is no function': { authenticate: ['key'] },
    'a reranker that is a text': { reranker: 'bge-reranker-base' },
    'no models': { models: [] },
    'a model without a name': { models: [''] },
    'origins that are a text': { cors: { origins: 'https://page.example' } },
    'an origin with a path': { cors: { origins: ['https://page.example/'] } },
  };
  for (const [what, options] of Object.entries(wrong)) {
    it(`are refused at once: ${what}`, () => {
      assert.throws(() => createHandler(options), { name: 'RerankError', code: 'invalid_input' });
    });
  }
});
