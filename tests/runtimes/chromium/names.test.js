import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { useChromium } from '../../support/browsers/chromium.js';
import { tinyRepository } from '../../support/models/tiny.js';
import { distUrl } from '../../support/paths.js';
import { startHub } from '../../support/servers/hub.js';
import { serveDirectory } from '../../support/servers/static.js';

const model = 'org/repo';
const token = 'hf_secret';
const api = '/api/models/org/repo';

describe('a model by the name of its repository, in a page', () => {
  const chromium = useChromium();
  let hub;
  let site;
  let open;
  before(async () => {
    hub = await startHub();
    // The demo's policy forbids its worker every other server.
    site = await serveDirectory(fileURLToPath(distUrl));
    site.faults.set('/', (_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
  });
  after(async () => {
    await site.close();
    await hub.close();
  });
  beforeEach(async () => {
    hub.faults.clear();
    hub.repositories.clear();
    open = await chromium.open(`${site.url}/`);
  });
  afterEach(() => open.close());

  /** Ranks once with a new reranker in a worker. Returns the number of results, and all that the page's code sees. */
  function ranks(options) {
    return open.page.evaluate(
      async (options) => {
        const { createReranker, listCache } = await import('/index.js');
        const seen = [];
        const see = (event) => seen.push(event);
        const reranker = await createReranker({ ...options, worker: true, onProgress: see, onWarning: see });
        seen.push(await reranker.statistics(), await listCache());
        const results = await reranker.rerank('query', ['text', 'another']);
        await reranker.dispose();
        return { count: results.length, seen: JSON.stringify(seen) };
      },
      { model, hub: hub.url, ...options },
    );
  }

  it('ranks, and starts a second time without a request', async () => {
    hub.repositories.publish(model, await tinyRepository());
    assert.equal((await ranks()).count, 2);
    assert.ok(hub.repositories.seen.some(({ server }) => server === 'store'));
    hub.repositories.clear();
    const { count, seen } = await ranks();
    assert.equal(count, 2);
    assert.deepEqual(hub.repositories.seen, []);
    assert.doesNotMatch(seen, /cache_failed/);
  });

  it('sends the token to the hub alone, and shows it nowhere', async () => {
    hub.repositories.publish(model, await tinyRepository(), { token });
    const { count, seen } = await ranks({ token });
    assert.equal(count, 2);
    assert.ok(!seen.includes(token));
    const authorised = hub.repositories.seen.map(({ server, authorization }) => `${server} ${authorization}`);
    assert.deepEqual(new Set(authorised), new Set([`hub Bearer ${token}`, 'store undefined']));
  });

  it('takes the usual files of a mirror that hides its list from pages', async () => {
    hub.repositories.publish(model, await tinyRepository());
    for (const path of [`${api}/revision/main`, `${api}/tree/main`]) {
      hub.faults.set(path, (_, response) => response.end('[]'));
    }
    assert.equal((await ranks()).count, 2);
  });

  it('that is private fails with a sentence', async () => {
    hub.repositories.publish(model, await tinyRepository(), { token });
    const failure = await open.page.evaluate(
      async (options) => {
        const { createReranker } = await import('/index.js');
        return createReranker(options).catch(({ code, message }) => `${code}: ${message}`);
      },
      { model, hub: hub.url },
    );
    assert.match(failure, /^model_not_found: The repository org\/repo does not exist, is private or is gated: /);
  });
});
