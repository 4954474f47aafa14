import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { reactive } from '@vue/reactivity';
import { createReranker } from 'rerank-wasm';
import { bearerKeys, createHandler } from 'rerank-wasm/edge';

import { deep, wrappers } from '../../support/asserts/wrappers.js';
import { tiny } from '../../support/models/tiny.js';
import { post } from '../../support/servers/handler.js';

const body = { query: 'a query', documents: ['short', 'rather long'] };
const request = () => post(body, { headers: { authorization: 'Bearer key' } });

describe('a handler', () => {
  let reranker;
  before(async () => {
    reranker = await createReranker({ model: tiny });
  });
  after(() => reranker.dispose());

  for (const [name, wrap] of Object.entries(wrappers)) {
    it(`ranks with a reranker that is behind ${name}`, async () => {
      const handle = createHandler({ reranker: async () => wrap(reranker) });
      const response = await handle(request());
      assert.equal(response.status, 200);
      assert.equal((await response.json()).results.length, 2);
    });
  }

  it('and its hook for keys work behind Proxies, with options that Vue has wrapped', async () => {
    const authenticate = deep(bearerKeys(['key']));
    const handle = deep(createHandler(reactive({ reranker: async () => reranker, authenticate })));
    assert.equal((await handle(request())).status, 200);
    assert.equal((await handle(post(body))).status, 401);
  });
});
