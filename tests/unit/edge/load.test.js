import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { RerankError } from 'rerank-wasm';

import { assertProblem, gate, get, makeHandler, post, stubReranker } from '../../support/servers/handler.js';

const body = { query: 'a query', documents: ['short', 'rather long'] };
const broken = '500 server_error internal_error';
const notReady = '503 service_unavailable model_not_ready';
const never = new Promise(() => {});

describe('the model', () => {
  const healthOf = async ({ ask }) => (await ask(get('/healthz'))).json.model;

  it('is loaded once, by the first ranking, with its environment', async () => {
    const environments = [];
    const { promise, open } = gate();
    const handler = makeHandler({
      async reranker(env) {
        environments.push(env);
        await promise;
        return stubReranker();
      },
    });
    assert.equal(await healthOf(handler), 'not loaded');
    const waited = [];
    const ctx = { waitUntil: (work) => waited.push(work) };
    const answers = [1, 2, 3].map((env) => handler.ask(post(body), env, ctx));
    while (environments.length === 0) await new Promise(setImmediate);
    assert.equal(await healthOf(handler), 'loading');
    open();
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
    // The worker waits for the load, and for each of the rankings.
    assert.deepEqual([environments, waited.length, await healthOf(handler)], [[1], 4, 'ready']);
    await Promise.all(waited);
  });

  it('is not loaded for requests that are wrong', async () => {
    const handler = makeHandler({ reranker: () => assert.fail('loaded') });
    for (const wrong of [{}, { ...body, model: 'none' }, 'no json']) await handler.ask(post(wrong));
    assert.equal(await healthOf(handler), 'not loaded');
  });

  it('is not loaded for no documents', async () => {
    const asked = [];
    const authorize = ({ documents, tokens }) => asked.push([documents, tokens]) > 0;
    const handler = makeHandler({ reranker: () => assert.fail('loaded'), authorize });
    const { json } = await handler.ask(post({ query: 'a query', documents: [], max_tokens_per_doc: 7 }));
    assert.deepEqual([json.results, json.usage.total_tokens], [[], 0]);
    assert.deepEqual((await handler.ask(post({ query: 'a query', contexts: [] }))).json, { response: [] });
    assert.deepEqual(
      [asked, await healthOf(handler)],
      [
        [
          [0, 0],
          [0, 0],
        ],
        'not loaded',
      ],
    );
  });

  it('is tried again after a load that failed', async () => {
    const failures = [new RerankError('download_failed', 'https://secret.example'), new Error('/srv/secret')];
    const seen = [...failures];
    const { ask, errors } = makeHandler({
      async reranker() {
        const failure = failures.shift();
        if (failure) throw failure;
        return stubReranker();
      },
    });
    const first = await ask(post(body));
    assertProblem(first, notReady);
    assert.ok(first.headers.get('retry-after') > 0);
    const second = await ask(post(body));
    assertProblem(second, broken);
    assert.ok(!`${first.text}${second.text}`.includes('secret'));
    assert.equal((await ask(post(body))).status, 200);
    assert.deepEqual(
      errors.map(({ error }) => error),
      seen,
    );
  });

  it('is waited for no longer than allowed', async () => {
    const { ask } = makeHandler({ reranker: () => never, limits: { waitSeconds: 1 } });
    const answer = await ask(post(body));
    assertProblem(answer, notReady);
    assert.ok(answer.headers.get('retry-after') > 0);
  });

  it('is loaded anew where a load does not end', async () => {
    const loads = [never, Promise.resolve(stubReranker())];
    const { ask } = makeHandler({ reranker: () => loads.shift(), limits: { waitSeconds: 2, loadSeconds: 1 } });
    assertProblem(await ask(post(body)), notReady);
    assert.equal((await ask(post(body))).status, 200);
  });

  it('is freed where it comes after it was given up', async () => {
    const late = gate();
    const disposed = gate();
    const loads = [late.promise, Promise.resolve(stubReranker())];
    const { ask } = makeHandler({ reranker: () => loads.shift(), limits: { waitSeconds: 2, loadSeconds: 1 } });
    assertProblem(await ask(post(body)), notReady);
    assert.equal((await ask(post(body))).status, 200);
    late.open(stubReranker({ dispose: async () => disposed.open() }));
    await disposed.promise;
    assert.equal((await ask(post(body))).status, 200);
  });

  it('is that of a load that was given up where it comes before the next', async () => {
    const late = gate();
    const disposed = gate();
    const next = gate();
    const loads = [late.promise, next.promise];
    const { ask } = makeHandler({ reranker: () => loads.shift(), limits: { waitSeconds: 2, loadSeconds: 1 } });
    assertProblem(await ask(post(body)), notReady);
    const waiting = ask(post(body));
    while (loads.length > 0) await new Promise(setImmediate);
    late.open(stubReranker());
    await new Promise(setImmediate);
    assert.equal((await ask(post(body))).status, 200);
    const gone = async () => {
      throw new RerankError('disposed', 'disposed');
    };
    next.open(stubReranker({ rerank: gone, dispose: async () => disposed.open() }));
    await disposed.promise;
    assert.equal((await waiting).status, 200);
  });

  for (const code of ['internal', 'out_of_memory']) {
    it(`is loaded anew after ${code}`, async () => {
      let disposed = 0;
      const failing = stubReranker({
        rerank: async () => {
          throw new RerankError(code, 'at /srv/secret');
        },
        async dispose() {
          disposed += 1;
          throw new Error('broken');
        },
      });
      const rerankers = [failing, stubReranker()];
      const { ask, errors } = makeHandler({ reranker: async () => rerankers.shift() });
      const answer = await ask(post(body));
      assertProblem(answer, broken);
      assert.ok(!answer.text.includes('secret'));
      assert.deepEqual([disposed, errors[0].error.code, errors[0].id], [1, code, answer.json.id]);
      assert.equal((await ask(post(body))).status, 200);
    });
  }

  it('is loaded anew for a neighbour of the call that crashed it, but not for ever', async () => {
    const disposed = () =>
      stubReranker({
        rerank: async () => {
          throw new RerankError('disposed', 'disposed');
        },
      });
    const rerankers = [disposed(), stubReranker()];
    const once = makeHandler({ reranker: async () => rerankers.shift() });
    assert.equal((await once.ask(post(body))).status, 200);
    const always = makeHandler({ reranker: async () => disposed() });
    assertProblem(await always.ask(post(body)), broken);
  });

  it('says what it thinks of a query that is too long, in words of the handler', async () => {
    const rerank = async (query) => {
      throw new RerankError('invalid_input', `no: ${query}`);
    };
    const { ask, errors } = makeHandler({ reranker: async () => stubReranker({ rerank }) });
    const answer = await ask(post({ ...body, query: 'secret' }));
    const { param } = assertProblem(answer, '422 invalid_request_error invalid_value');
    assert.deepEqual([param, answer.text.includes('secret'), errors], ['query', false, []]);
  });
});

describe('the queue', () => {
  /** Makes a handler that counts its calls and holds them until `open`. */
  function held(options) {
    const { promise, open } = gate();
    const calls = [];
    const reranker = stubReranker({
      async rerank(query, documents, { signal }) {
        calls.push(query);
        const gone = new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new RerankError('aborted', 'aborted')));
        });
        await Promise.race([promise, gone]);
        return stubReranker().rerank(query, documents);
      },
    });
    const handler = makeHandler({ reranker: async () => reranker, ...options });
    const started = async (count) => {
      while (calls.length < count) await new Promise(setImmediate);
    };
    return { ...handler, open, started };
  }

  // The query has 1 token, the document 5; 4 are special ones.
  const ten = { query: 'abc', documents: ['x'.repeat(15)] };
  const limits = { tokens: 20, queueTokens: 20 };

  it('is bounded in tokens', async () => {
    const { ask, open, started } = held({ limits });
    const running = [ask(post(ten)), ask(post(ten))];
    await started(2);
    const answer = await ask(post({ ...ten, documents: [''] }));
    assertProblem(answer, '503 service_unavailable queue_full');
    assert.ok(answer.headers.get('retry-after') > 0);
    open();
    for (const { status } of await Promise.all(running)) assert.equal(status, 200);
    assert.equal((await ask(post({ ...ten, documents: ['x'.repeat(15), 'x'.repeat(15)] }))).status, 200);
  });

  /** Makes a body that stays open after its first `bytes` bytes until `end`. `tail` are the last of these bytes. */
  function slowBody(bytes, tail = []) {
    const text = JSON.stringify(ten).padStart(bytes - tail.length);
    const [read, cancelled] = [gate(), gate()];
    let controller;
    const stream = new ReadableStream({
      start(each) {
        controller = each;
        controller.enqueue(Uint8Array.of(...new TextEncoder().encode(text), ...tail));
      },
      pull: read.open,
      cancel: cancelled.open,
    });
    return {
      stream,
      read: read.promise,
      cancelled: cancelled.promise,
      end: () => controller.close(),
      fail: () => controller.error(new Error('gone')),
    };
  }

  it('is bounded in bytes of bodies, from the first that are read', async () => {
    const reader = gate();
    const { ask } = makeHandler({
      limits: { bodyBytes: 1000, queueBytes: 2000 },
      rateLimit: () => true,
      reranker: async () => stubReranker({ rerank: () => reader.promise.then(() => stubReranker().rerank('', ['x'])) }),
    });
    const client = new AbortController();
    const slow = [slowBody(800), slowBody(800), slowBody(300)];
    const answers = slow.map(({ stream }, index) => ask(post(stream, index === 1 ? { signal: client.signal } : {})));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const refused = await ask(post(' '.repeat(150) + JSON.stringify(ten)));
    assertProblem(refused, '503 service_unavailable queue_full');
    assert.ok(refused.headers.get('retry-after') > 0);
    // A body that fails leaves its room to others, and so does one that lost its client.
    slow[2].fail();
    assertProblem(await answers[2], '400 invalid_request_error invalid_json');
    client.abort();
    assertProblem(await answers[1], '499 invalid_request_error request_aborted');
    // A body keeps its room until its ranking has ended.
    const waiting = ask(post(' '.repeat(800) + JSON.stringify(ten)));
    slow[0].end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertProblem(await ask(post(' '.repeat(600) + JSON.stringify(ten))), '503 service_unavailable queue_full');
    reader.open();
    for (const { status } of await Promise.all([answers[0], waiting])) assert.equal(status, 200);
    assert.equal((await ask(post(' '.repeat(900) + JSON.stringify(ten)))).status, 200);
  });

  it('has room again after bodies that do not arrive in time', async () => {
    const { ask, errors } = makeHandler({ limits: { bodyBytes: 1000, bodySeconds: 1, queueBytes: 2000 } });
    // So far one body is a complete request. The other ends within a character.
    const slow = [slowBody(1000), slowBody(1000, [226])];
    const answers = slow.map(({ stream }) => ask(post(stream)));
    await Promise.all(slow.map(({ read }) => read));
    assertProblem(await ask(post(ten)), '503 service_unavailable queue_full');
    for (const answer of await Promise.all(answers)) {
      const { message } = assertProblem(answer, '400 invalid_request_error invalid_json');
      assert.equal(message, 'The body did not arrive within 1 s; send it again.');
    }
    await Promise.all(slow.map(({ cancelled }) => cancelled));
    const largest = () => post(JSON.stringify(ten).padEnd(1000));
    for (const { status } of await Promise.all([ask(largest()), ask(largest())])) assert.equal(status, 200);
    assert.deepEqual(errors, []);
  });

  it('takes bodies that may come for longer than a timer can be set', async () => {
    const { ask } = makeHandler({ limits: { bodySeconds: 3_000_000 } });
    const { stream, read, end } = slowBody(100);
    const answer = ask(post(stream));
    await read;
    await new Promise((resolve) => setTimeout(resolve, 20));
    end();
    assert.equal((await answer).status, 200);
  });

  it('counts those that wait for the model', async () => {
    const { promise, open } = gate();
    const { ask } = makeHandler({ limits, reranker: () => promise });
    const waiting = [ask(post(ten)), ask(post(ten))];
    assertProblem(await ask(post(ten)), '503 service_unavailable queue_full');
    open(stubReranker());
    for (const { status } of await Promise.all(waiting)) assert.equal(status, 200);
  });

  it('counts no more of a document than the model reads or the request allows', async () => {
    const seen = [];
    const authorize = ({ tokens }) => seen.push(tokens) > 0;
    const { ask } = makeHandler({ authorize });
    const long = { query: 'abc', documents: ['x'.repeat(9000)] };
    await ask(post(long));
    await ask(post({ ...long, max_tokens_per_doc: 7 }));
    // The second call has a further pass for the query alone.
    assert.deepEqual(seen, [512, 12 + 5]);
  });

  it('loses a call when its client goes away', async () => {
    const { ask, open, started, errors } = held({ limits });
    const controller = new AbortController();
    const gone = ask(post({ ...ten, documents: ['x'.repeat(15), 'x'.repeat(15)] }, { signal: controller.signal }));
    await started(1);
    controller.abort();
    assertProblem(await gone, '499 invalid_request_error request_aborted');
    open();
    assert.equal((await ask(post(ten))).status, 200);
    assert.deepEqual(errors, []);
  });

  it('loses a call when its client goes away while the model is loading', async () => {
    const { promise, open } = gate();
    const { ask } = makeHandler({ limits, reranker: () => promise });
    const controller = new AbortController();
    const gone = ask(post(ten, { signal: controller.signal }));
    const staying = ask(post(ten));
    await new Promise(setImmediate);
    controller.abort();
    assertProblem(await gone, '499 invalid_request_error request_aborted');
    open(stubReranker());
    assert.equal((await staying).status, 200);
  });

  it('makes room after calls that failed', async () => {
    const rerank = async () => {
      throw new Error('no');
    };
    const { ask } = makeHandler({ limits, reranker: async () => stubReranker({ rerank }) });
    for (let count = 0; count < 5; count += 1) assertProblem(await ask(post(ten)), broken);
  });
});
