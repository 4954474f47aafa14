import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { useWorkerd } from '../../support/programs/workerd.js';
import { assertProblem } from '../../support/servers/handler.js';

// The query has 1 token, and the document 20; 4 are special ones. Three such requests fit into the queue.
const body = JSON.stringify({ query: 'abc', documents: ['x'.repeat(60)] });
const headers = { 'x-handler': 'gated', 'content-type': 'application/json' };
const turns = 10;

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));

for (const compatibilityFlags of [['enable_request_signal'], []]) {
  describe(`clients that go away while the model loads (${compatibilityFlags[0] ?? 'no flag'})`, () => {
    const workerd = useWorkerd('tests/runtimes/workerd/edge-worker.js', { compatibilityFlags });
    const health = async () => (await (await workerd.fetch('/healthz', { headers })).json()).model;

    async function rank() {
      const response = await workerd.fetch('/v1/rerank', { method: 'POST', headers, body });
      return { status: response.status, headers: response.headers, json: await response.json() };
    }

    /** Sends a request and resets its connection while the model loads. */
    async function rankAndGo() {
      const sent = request(new URL('/v1/rerank', await workerd.url()), { method: 'POST', headers });
      const ended = once(sent, 'response').catch(({ code }) => code);
      sent.end(body);
      for (let turn = 0; turn < turns || (await health()) !== 'loading'; turn += 1) await pause();
      sent.socket.resetAndDestroy();
      assert.equal(await ended, 'ECONNRESET');
    }

    const rounds = compatibilityFlags.length > 0 ? 5 : 3;

    it(`may be ${rounds}, one after the other`, async () => {
      for (let round = 0; round < rounds; round += 1) await rankAndGo();
      assert.equal(await health(), 'loading');
    });

    it('leave the model and, in the end, their place in the queue to others', async () => {
      const waiting = Array.from({ length: 6 }, rank);
      // They do not all fit, so the handler answers some before the model is ready.
      const refused = await Promise.race(waiting);
      assertProblem(refused, '503 service_unavailable queue_full');
      assert.ok(Number(refused.headers.get('retry-after')) > 0);
      await workerd.fetch('/open');
      const statuses = (await Promise.all(waiting)).map(({ status }) => status).sort();
      // Without the flag a worker does not learn that a client has gone. The calls of those three clients wait on.
      const served = compatibilityFlags.length > 0 ? [200, 200, 200] : [503, 503, 503];
      assert.deepEqual(statuses, [...served, 503, 503, 503]);
      while ((await health()) !== 'ready') await pause();
      const later = await Promise.all([rank(), rank(), rank()]);
      assert.deepEqual(
        later.map(({ status }) => status),
        [200, 200, 200],
      );
    });
  });
}
