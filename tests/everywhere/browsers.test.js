import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { bitsOf, logitsByIndex } from '../js/support/bits.js';
import { publishedQueries } from '../js/support/mini.js';
import { useProject } from '../js/support/packed.js';
import { serveDirectory } from '../js/support/static.js';
import { browsers } from './support/browsers.js';

const site = fileURLToPath(new URL('site', import.meta.url));

/** All that the package asks of a page's policy. */
const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; img-src data:";

const relaxed = { Chromium: true, Firefox: true, WebKit: false };

describe('the installed package', async () => {
  const questions = (await publishedQueries()).map(({ query, documents }) => ({ query, documents }));
  const project = useProject();
  let expected;
  before(async () => {
    cpSync(site, project.directory, { recursive: true });
    const reranker = await createReranker({ model: mini });
    const results = [];
    for (const { query, documents } of questions) results.push(await reranker.rerank(query, documents));
    await reranker.dispose();
    expected = bitsOf(results.flatMap(logitsByIndex));
  });

  for (const [name, start] of Object.entries(browsers)) {
    describe(`in a page in ${name}`, () => {
      let browser;
      let server;
      const others = [];
      before(async () => {
        server = await serveDirectory(project.directory, {
          'content-security-policy': policy,
          'cache-control': 'no-store',
        });
        browser = await start();
      });
      after(async () => {
        await browser?.close();
        await server?.close();
      });
      afterEach(async () => {
        for (const other of others.splice(0)) await other.close();
      });

      /** Visits the page, of this server or another, and has it do what is asked. */
      async function asks(action, argument, { url } = server) {
        await browser.visit(`${url}/`);
        return browser.run(
          async ([name, argument]) => {
            while (!globalThis.actions) await new Promise((resolve) => setTimeout(resolve, 20));
            return globalThis.actions[name](argument);
          },
          [action, argument],
        );
      }

      const isModelFile = (path) => /\.onnx$|tokenizer\.json$|config\.json$/.test(path);

      for (const worker of [true, false]) {
        it(`gives the logits that Node gives, bit for bit, with worker: ${worker}`, async () => {
          const { results, warnings } = await asks('rank', { model: 'mini', questions, options: { worker } });
          assert.deepEqual(bitsOf(results.flatMap(logitsByIndex)), expected);
          assert.deepEqual(warnings, []);
        });
      }

      it('takes the engine that is the fastest there', () => {
        const engines = new Set(
          server.requests.filter((path) => path.endsWith('.wasm')).map((path) => path.split('/').at(-1)),
        );
        assert.deepEqual([...engines], [relaxed[name] ? 'rerank-relaxed.wasm' : 'rerank.wasm']);
      });

      it('asks for each file of the model once', async () => {
        const call = { model: 'url', questions: questions.slice(0, 1) };
        server.requests.length = 0;
        // Under WebDriver WebKit keeps what is cached in memory, as in a private window, until nobody has it open.
        const visits =
          name === 'WebKit' ? await asks('rankTwice', call) : [await asks('rank', call), await asks('rank', call)];
        assert.deepEqual(visits[1], visits[0]);
        assert.deepEqual(visits[0].warnings, []);
        assert.equal(server.requests.filter((path) => path.endsWith('/dist/worker.js')).length, 2);
        assert.equal(server.requests.filter(isModelFile).length, 3);
      });

      const failures = [
        ['model_not_found', { role: 'model', path: 'none.onnx' }],
        ['download_failed', { role: 'model', path: 'index.html' }],
        ['invalid_model', { role: 'model', path: 'page.js' }],
        ['integrity_mismatch', { role: 'tokenizer', sha256: '0'.repeat(64) }],
        ['download_failed', { role: 'config', options: { wasm: 'http://127.0.0.1:9/' } }],
        ['download_failed', { role: 'model', options: { wasm: 'data:application/wasm,none' } }],
      ];

      for (const [code, change] of failures) {
        it(`fails with ${code}: ${JSON.stringify(change)}`, async () => {
          const before = { ...change, options: { cache: 'none', ...change.options } };
          assert.equal(await asks('failureWith', before), code);
        });
      }

      it('stops what is aborted or disposed', async () => {
        assert.deepEqual(await asks('stops'), ['aborted', 1, 'disposed', 'disposed']);
      });

      it('says so where the policy allows no WebAssembly', async () => {
        const strict = await serveDirectory(project.directory, {
          'content-security-policy': policy.replace("'wasm-unsafe-eval'", ''),
        });
        others.push(strict);
        for (const worker of [true, false]) {
          const code = await asks('failureWith', { role: 'config', options: { worker } }, strict);
          assert.equal(code, 'unsupported_environment');
        }
      });

      it('ranks in a worker where the package comes from another origin, as from a CDN', async () => {
        const cdn = await serveDirectory(join(project.directory, 'node_modules'), {
          'access-control-allow-origin': '*',
        });
        const open = await serveDirectory(project.directory);
        others.push(cdn, open);
        const { results, kinds } = await asks('rankFrom', { base: cdn.url, question: questions[0] }, open);
        assert.equal(results.length, questions[0].documents.length);
        assert.deepEqual(kinds, ['blob:']);
      });
    });
  }
});
