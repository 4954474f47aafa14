import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import mini from 'rerank-wasm-mini';

import { bitsOf, logitsByIndex } from '../support/asserts/bits.js';
import { publishedQueries } from '../support/models/mini.js';
import { useProject } from '../support/programs/packed.js';
import { isolation, policy } from '../support/servers/headers.js';
import { serveDirectory } from '../support/servers/static.js';
import { bitsInNode, does } from './everywhere/support/pages.js';
import { crash, startWebKit } from './everywhere/support/webkit.js';

/** WebKitGTK 2.50 has plain SIMD alone, as Safari has up to 27.2. `make test-all` runs all tests of pages in it. */
describe('an isolated page in the WebKit of this machine', async () => {
  const questions = (await publishedQueries()).map(({ query, documents }) => ({ query, documents }));
  const project = useProject();
  let expected;
  let server;
  let browser;
  before(async () => {
    cpSync(fileURLToPath(new URL('everywhere/site', import.meta.url)), project.directory, { recursive: true });
    cpSync(fileURLToPath(new URL('../support/models/winner.js', import.meta.url)), `${project.directory}/winner.js`);
    expected = await bitsInNode(mini, questions);
    const headers = { 'content-security-policy': policy, 'cache-control': 'no-store', ...isolation };
    server = await serveDirectory(project.directory, headers);
    browser = await startWebKit();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  async function rank(options) {
    await browser.visit(`${server.url}/`);
    return does('rank', { model: 'mini', questions, options }, browser);
  }

  for (const threads of [1, 2]) {
    it(`ranks with threads: ${threads}, and gives the logits that Node gives, bit for bit`, async () => {
      const options = { threads };
      const answer = await rank(options).catch((error) => {
        if (crash.test(error)) return rank(options);
        throw error;
      });
      assert.deepEqual([answer.isolated, answer.threads, answer.warnings], [true, threads, []]);
      assert.deepEqual(bitsOf(answer.results.flatMap(logitsByIndex)), expected);
    });
  }

  it('takes the engine with threads that the browser can compile', () => {
    const names = server.requests
      .filter((path) => path.includes('/rerank-threads'))
      .map((path) => path.split('/').at(-1));
    const [, minor] = browser.version.split('.').map(Number);
    assert.deepEqual([...new Set(names)], [minor < 54 ? 'rerank-threads-simd.wasm' : 'rerank-threads.wasm']);
  });
});
