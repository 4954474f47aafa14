import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { assertProblem, makeHandler, origin as own, post } from '../../support/servers/handler.js';

const body = { query: 'a query', documents: ['text'] };
const page = 'https://page.example';

function preflight(origin, path = '/v1/rerank', headers = 'authorization, content-type, x-stainless-os') {
  return new Request(`${own}${path}`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers },
  });
}

const allowed = ({ headers }) => headers.get('access-control-allow-origin');

describe('pages of other origins', () => {
  it('may not call unless the deployer says so', async () => {
    const { ask } = makeHandler();
    const answer = await ask(preflight(page));
    assertProblem(answer, '405 invalid_request_error method_not_allowed');
    assert.deepEqual([allowed(answer), answer.headers.get('allow')], [null, 'POST']);
    assert.equal(allowed(await ask(post(body, { headers: { origin: page } }))), null);
  });

  it('may call where they are listed', async () => {
    const { ask } = makeHandler({ cors: { origins: ['https://first.example', page] } });
    const { status, headers } = await ask(preflight(page));
    assert.equal(status, 204);
    assert.equal(headers.get('access-control-allow-origin'), page);
    assert.equal(headers.get('access-control-allow-methods'), 'POST');
    assert.equal(headers.get('access-control-allow-headers'), 'authorization, content-type, x-stainless-os');
    assert.equal(headers.get('access-control-allow-credentials'), null);
    for (const good of [body, {}]) {
      const answer = await ask(post(good, { headers: { origin: page } }));
      assert.deepEqual([allowed(answer), answer.headers.get('vary')], [page, 'origin']);
      assert.match(answer.headers.get('access-control-expose-headers'), /x-request-id/);
    }
  });

  it('may not where others are', async () => {
    const { ask } = makeHandler({ cors: { origins: [page] } });
    for (const origin of ['https://other.example', 'null', `${page}.evil.example`, 'http://page.example']) {
      for (const request of [preflight(origin), post(body, { headers: { origin } })]) {
        const answer = await ask(request);
        assert.deepEqual([allowed(answer), answer.headers.get('vary')], [null, 'origin']);
      }
    }
  });

  it('may all call where all may', async () => {
    const { ask } = makeHandler({ cors: { origins: '*' } });
    for (const request of [preflight(page), post(body)]) assert.equal(allowed(await ask(request)), '*');
  });

  it('get no header names back that are none', async () => {
    const { ask } = makeHandler({ cors: { origins: '*' } });
    const answer = await ask(preflight(page, '/v1/rerank', '<script>'));
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-headers')], [204, null]);
  });

  it('can read that an endpoint is missing, and a refusal for a missing key', async () => {
    const { ask } = makeHandler({ cors: { origins: [page] }, authenticate: () => false });
    assertProblem(await ask(preflight(page, '/v1/embeddings')), '404 not_found endpoint_not_found');
    assert.equal((await ask(preflight(page))).status, 204);
    const answer = await ask(post(body, { headers: { origin: page } }));
    assertProblem(answer, '401 authentication_error invalid_api_key');
    assert.equal(allowed(answer), page);
  });
});
