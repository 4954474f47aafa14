import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { assertNothingLogged } from '../../support/asserts/handler-log.js';
import { OpenApiChecker } from '../../support/asserts/openapi.js';
import { useMini } from '../../support/models/mini.js';
import { useWorkerd } from '../../support/programs/workerd.js';
import { assertProblem } from '../../support/servers/handler.js';

const query = 'What is the capital of France?';
const documents = ['giraffe', 'Paris is the capital of France.', 'Berlin is the capital of Germany.'];
const secret = 'only the user knows';

function isPlain(body) {
  return Object.getPrototypeOf(body ?? '') === Object.prototype;
}

describe('the handler in workerd', () => {
  const mini = useMini();
  const workerd = useWorkerd('tests/runtimes/workerd/edge-worker.js', { bindings: { API_KEY: 'good-key' } });

  async function ask(path, { handler = 'open', headers = {}, body, ...init } = {}) {
    const method = body === undefined ? 'GET' : 'POST';
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await workerd.fetch(path, {
      method,
      body: isPlain(body) ? JSON.stringify(body) : body,
      headers: { 'x-handler': handler, ...type, ...headers },
      ...init,
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, json };
  }

  const rank = (body, options) => ask('/v1/rerank', { body, ...options });

  it('answers requests that overlap from the first on, with the bits that Node has', async () => {
    const expected = await mini().rerank(query, documents);
    const answers = await Promise.all(Array.from({ length: 8 }, () => rank({ query, documents })));
    for (const { status, json } of answers) {
      assert.equal(status, 200);
      assert.deepEqual(
        json.results,
        expected.map(({ index, score }) => ({ index, relevance_score: score })),
      );
      assert.equal(json.model, 'rerank-wasm-mini');
    }
  });

  it('answers in every dialect, as its OpenAPI document says', async () => {
    const { json: document } = await ask('/openapi.json');
    const checker = new OpenApiChecker(document);
    const contexts = documents.map((text) => ({ text }));
    const bodies = [
      { query, documents },
      { query, documents: contexts, top_n: 1, return_documents: true },
      { query, contexts, top_k: 2 },
    ];
    for (const path of ['/v1/rerank', '/v2/rerank', '/rerank']) {
      for (const body of [...bodies, {}, 'no json']) {
        const { status, text } = await ask(path, { body });
        checker.check({ method: 'POST', path, status, type: 'application/json', text });
      }
    }
    for (const path of ['/v1/models', '/healthz']) {
      const { status, text } = await ask(path);
      checker.check({ method: 'GET', path, status, type: 'application/json', text });
    }
  });

  const nested = '['.repeat(50_000);
  const refusals = {
    'broken JSON': [() => rank(`{"query": "${secret}`), '400 invalid_request_error invalid_json'],
    'a deep nest': [
      () => rank(`{"query": "${secret}", "documents": ${nested}`),
      '400 invalid_request_error invalid_json',
    ],
    'invalid UTF-8': [() => rank(Uint8Array.of(123, 255, 125)), '400 invalid_request_error invalid_json'],
    'wrong types': [() => rank({ query: 7, documents: [secret] }), '422 invalid_request_error invalid_value'],
    '5,000 documents': [
      () => rank({ query, documents: Array(5000).fill(secret) }),
      '422 invalid_request_error too_many_documents',
    ],
    'too many tokens': [
      () => rank({ query, documents: Array(900).fill(`${secret} `.repeat(50)) }),
      '422 invalid_request_error too_many_tokens',
    ],
    'a query that leaves no room': [
      () => rank({ query: `${secret} `.repeat(300), documents }),
      '422 invalid_request_error invalid_value',
    ],
    '2 MB': [() => rank({ query, documents: [secret.repeat(100_000)] }), '413 invalid_request_error body_too_large'],
    '2 MB without a length': [
      () => rank(new Blob(['x'.repeat(2e6)]).stream(), { duplex: 'half' }),
      '413 invalid_request_error body_too_large',
    ],
    'a form': [
      () => rank(secret, { headers: { 'content-type': 'text/plain' } }),
      '415 invalid_request_error unsupported_media_type',
    ],
    'an unknown model': [() => rank({ query, documents, model: secret }), '404 not_found model_not_found'],
    'an unknown route': [() => ask(`/${encodeURIComponent(secret)}`), '404 not_found endpoint_not_found'],
    embeddings: [() => ask('/v1/embeddings', { body: { input: secret } }), '404 not_found endpoint_not_found'],
    'the wrong method': [() => ask('/v1/rerank'), '405 invalid_request_error method_not_allowed'],
    'no key': [() => rank({ query, documents }, { handler: 'keys' }), '401 authentication_error invalid_api_key'],
    'an empty wallet': [
      () => rank({ query, documents }, { handler: 'poor' }),
      '402 insufficient_credits insufficient_credits',
    ],
    'too many requests': [
      () => rank({ query, documents }, { handler: 'fast' }),
      '429 rate_limit_error rate_limit_exceeded',
    ],
    'a hook that throws': [() => rank({ query, documents }, { handler: 'broken' }), '500 server_error internal_error'],
  };
  for (const [what, [send, expected]] of Object.entries(refusals)) {
    it(`refuses ${what}`, async () => {
      const answer = await send();
      assertProblem(answer, expected);
      assert.ok(!answer.text.includes('secret') && !answer.text.includes(secret));
    });
  }

  it('lets those in who have the key of the environment', async () => {
    const headers = { authorization: 'Bearer good-key' };
    assert.equal((await rank({ query, documents }, { handler: 'keys', headers })).status, 200);
    const wrong = { authorization: 'Bearer good-kez' };
    assert.equal((await rank({ query, documents }, { handler: 'keys', headers: wrong })).status, 401);
  });

  it('answers pages of an origin that is listed', async () => {
    const { headers } = await rank({ query, documents }, { headers: { origin: 'https://page.example' } });
    assert.equal(headers.get('access-control-allow-origin'), 'https://page.example');
  });

  it('loads again after a load that failed', async () => {
    const first = await rank({ query, documents }, { handler: 'failing' });
    assertProblem(first, '500 server_error internal_error');
    assert.equal((await rank({ query, documents }, { handler: 'failing' })).status, 200);
  });

  it('tells onError to the end', async () => {
    const { json: before } = await ask('/reports');
    await rank({ query, documents }, { handler: 'broken' });
    while ((await ask('/reports')).json === before) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('gives up a body that does not arrive, and has room again', async () => {
    const headers = { 'x-handler': 'hasty', 'content-type': 'application/json' };
    const sent = request(new URL('/v1/rerank', await workerd.url()), { method: 'POST', headers, agent: false });
    // This body fills the queue.
    const largest = JSON.stringify({ query, documents }).padEnd(1000);
    sent.write(largest);
    const [response] = await once(sent, 'response');
    const { message } = JSON.parse(await text(response));
    sent.destroy();
    assert.deepEqual([response.statusCode, message], [400, 'The body did not arrive within 1 s; send it again.']);
    assert.equal((await rank(largest, { handler: 'hasty' })).status, 200);
  });

  it('has logged nothing', () => assertNothingLogged(workerd));
});
