import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Requests } from '#internal/workers/rpc.js';

describe('a request to the other side', () => {
  it('that cannot be posted is not abandoned: the other side knows nothing of it', async () => {
    const abandoned = [];
    const asking = {
      watch: undefined,
      post() {
        throw new Error('it cannot be cloned');
      },
      onAbandoned: (id) => abandoned.push(id),
    };
    await assert.rejects(new Requests().ask(asking), /cloned/);
    assert.deepEqual(abandoned, []);
  });

  it('is abandoned when its signal aborts', async () => {
    const abandoned = [];
    const controller = new AbortController();
    const asking = { watch: undefined, signal: controller.signal, post() {}, onAbandoned: (id) => abandoned.push(id) };
    const asked = new Requests().ask(asking);
    controller.abort();
    await assert.rejects(asked, { code: 'aborted' });
    assert.deepEqual(abandoned, [1]);
  });
});
