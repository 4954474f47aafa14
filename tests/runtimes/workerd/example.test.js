import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { useWorkerd } from '../../support/programs/workerd.js';

const usual = JSON.stringify({
  query: 'What is the capital of France?',
  documents: ['giraffe', 'Paris is in France.'],
});

describe('the example worker', () => {
  const workerd = useWorkerd('examples/cloudflare-worker/index.js', {
    bindings: { API_KEY: 'good-key' },
    compatibilityFlags: ['enable_request_signal'],
  });

  async function rank(key, body = usual) {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    return workerd.fetch('/v1/rerank', { method: 'POST', headers, body });
  }

  it('ranks for those who have the key', async () => {
    const response = await rank('good-key');
    assert.equal(response.status, 200);
    const { results, model } = await response.json();
    assert.deepEqual([results.map(({ index }) => index), model], [[1, 0], 'rerank-wasm-mini']);
  });

  it('refuses more of the longest documents than there is CPU time for', async () => {
    const documents = Array(129).fill('word '.repeat(400));
    const response = await rank('good-key', JSON.stringify({ query: 'text', documents }));
    assert.equal(response.status, 422);
    assert.equal((await response.json()).error.code, 'too_many_tokens');
  });

  it('does not for others', async () => assert.equal((await rank('bad-key')).status, 401));
});
