import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Hono } from 'hono';

import { assertProblem, get, makeHandler, origin, post } from '../../support/servers/handler.js';

const valid = { query: 'a query', documents: ['short', 'rather long'] };

describe('a handler below a path', () => {
  const { ask } = makeHandler({ basePath: '/api', cors: { origins: '*' } });

  for (const path of ['/v1/rerank', '/v2/rerank', '/rerank']) {
    it(`ranks at /api${path}`, async () => {
      const { status, json } = await ask(post(valid, { path: `/api${path}` }));
      assert.deepEqual([status, json.results.map(({ index }) => index)], [200, [1, 0]]);
    });
  }

  for (const path of ['/v1/models', '/openapi.json', '/healthz', '/llms.txt']) {
    it(`answers at /api${path}`, async () => assert.equal((await ask(get(`/api${path}`))).status, 200));
  }

  for (const path of ['/v1/rerank', '/', '/api', '/api/', '/apis/v1/rerank', '/api/api/v1/rerank', '/API/v1/rerank']) {
    it(`is not at ${path}`, async () => {
      const error = assertProblem(await ask(post(valid, { path })), '404 not_found endpoint_not_found');
      assert.equal(error.message, 'There is no endpoint at this path; GET /api/llms.txt describes them.');
    });
  }

  it('lets browsers ask first', async () => {
    const { status } = await ask(
      get('/api/v1/rerank', { method: 'OPTIONS', headers: { origin: 'https://page.example' } }),
    );
    assert.equal(status, 204);
  });

  it('names its paths in full', async () => {
    const { json } = await ask(get('/api/openapi.json'));
    assert.deepEqual(json.servers, [{ url: '/api' }]);
    assert.ok(json.paths['/v1/rerank']);
    assert.match(json.components.schemas.RerankRequest.properties.model.description, /GET \/api\/v1\/models/);

    const { text } = await ask(get('/api/llms.txt'));
    const paths = [...text.matchAll(/(?:[(`]|POST )(\/[\w./]+)/g)].map(([, path]) => path);
    assert.ok(paths.length >= 6, `${paths}`);
    for (const path of paths) assert.match(path, /^\/api\//);

    const model = await ask(post({ ...valid, model: 'another' }, { path: '/api/v1/rerank' }));
    assert.match(assertProblem(model, '404 not_found model_not_found').message, /GET \/api\/v1\/models lists them\.$/);
    const embeddings = await ask(post({ input: 'text' }, { path: '/api/v1/embeddings' }));
    assert.match(
      assertProblem(embeddings, '404 not_found endpoint_not_found').message,
      /is a reranker; use POST \/api\/v1\/rerank\.$/,
    );
  });

  it('has a path of several parts', async () => {
    const deep = makeHandler({ basePath: '/a/b%20c' });
    assert.equal((await deep.ask(post(valid, { path: '/a/b%20c/v1/rerank' }))).status, 200);
    assert.equal((await deep.ask(post(valid, { path: '/a/v1/rerank' }))).status, 404);
  });
});

describe('a handler without a path', () => {
  it('is at the root, as its document says', async () => {
    for (const options of [{}, { basePath: '' }]) {
      const { json } = await makeHandler(options).ask(get('/openapi.json'));
      assert.deepEqual(json.servers, [{ url: '/' }]);
    }
  });
});

describe('Hono', () => {
  const rankAt = async (app, path) => {
    const body = JSON.stringify(valid);
    const response = await app.request(`${origin}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return [response.status, (await response.json()).results?.length];
  };

  it('takes the handler as a route', async () => {
    const { handle } = makeHandler({ basePath: '/api' });
    const app = new Hono().all('/api/*', ({ req, env }) => handle(req.raw, env));
    assert.deepEqual(await rankAt(app, '/api/v1/rerank'), [200, 2]);
  });

  it('mounts the handler, with the whole path or with the rest of it', async () => {
    const whole = new Hono().mount('/api', makeHandler({ basePath: '/api' }).handle, { replaceRequest: false });
    assert.deepEqual(await rankAt(whole, '/api/v1/rerank'), [200, 2]);
    const rest = new Hono().mount('/api', makeHandler().handle);
    assert.deepEqual(await rankAt(rest, '/api/v1/rerank'), [200, 2]);
  });
});
