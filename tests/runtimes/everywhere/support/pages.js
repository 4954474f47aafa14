import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createEmbedder, createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';
import { serve } from '../../../../www/tools/serve.mjs';
import { bitsOf, logitsByIndex } from '../../../support/asserts/bits.js';
import { bgeSmallFolder } from '../../../support/models/bge-small.js';
import { families, questions as questionsOfFamilies } from '../../../support/models/family.js';
import { miniFile, publishedQueries } from '../../../support/models/mini.js';
import { useProject } from '../../../support/programs/packed.js';
import { inTurn, status, withRanges } from '../../../support/servers/faults.js';
import { isolation, policy } from '../../../support/servers/headers.js';
import { serveDirectory } from '../../../support/servers/static.js';

const site = fileURLToPath(new URL('../site', import.meta.url));

const winner = fileURLToPath(new URL('../../../support/models/winner.js', import.meta.url));

const graphPath = '/node_modules/rerank-wasm-mini/onnx/model_quantized.onnx';

/** Waits in the demo page for a complete ranking and the offline note. Returns the texts of the ranked documents. */
async function showsRanking() {
  const complete = '.ranking[aria-busy=false] #results li.scored';
  const isKept = () => /works offline now/.test(document.querySelector('#offline-text')?.textContent);
  while (!document.querySelector('#order:not(:disabled)') || !document.querySelector(complete) || !isKept()) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return [...document.querySelectorAll('#results li')].map((item) => item.textContent);
}

/** Searches the samples in the page that searches files, and adds them first where its index is empty. */
async function findsInSamples() {
  const query = 'what makes dough rise';
  const find = (selector) => document.querySelector(selector);
  const until = async (isSo) => {
    while (!isSo()) {
      if (!find('#problem').hidden) throw new Error(find('#problem').textContent);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await until(() => /^(Add files|Enter a query|\d)/.test(find('#status').textContent));
  const kept = find('#library-count').textContent;
  if (kept === 'No files yet') find('#add-samples').click();
  await until(() => find('#library-count').textContent === '20 files');
  find('#query').value = query;
  find('#question').requestSubmit();
  await until(() => find('#found').dataset.query === query);
  await until(() => /works offline now/.test(find('#offline-text').textContent));
  const sources = [...document.querySelectorAll('#hits-final .source')].map(({ textContent }) => textContent);
  return { kept, sources };
}

/** Calls an action of the page in a tab. */
export function does(action, argument, tab) {
  return tab.run(
    async ([name, argument]) => {
      while (!globalThis.actions) await new Promise((resolve) => setTimeout(resolve, 20));
      return globalThis.actions[name](argument);
    },
    [action, argument],
  );
}

export async function bitsInNode(model, questions) {
  const reranker = await createReranker({ model });
  const results = [];
  for (const { query, documents } of questions) results.push(await reranker.rerank(query, documents));
  await reranker.dispose();
  return bitsOf(results.flatMap(logitsByIndex));
}

const textsToEmbed = ['how do I cancel', 'Paris ist die Hauptstadt von Frankreich.', '東京は日本の首都です。'];

async function vectorsInNode(texts) {
  const embedder = await createEmbedder({ model: bgeSmallFolder() });
  const { embeddings } = await embedder.embed(texts);
  await embedder.dispose();
  return embeddings.map((vector) => bitsOf([...vector]));
}

/**
 * Declares the tests of the installed package in pages of `browsers`, which are entries of `browsers.js` by name. `further`
 * declares more tests in their suite. It receives `project`, `questions` and `does`.
 */
export function testPages(browsers, further = () => {}) {
  describe('the installed package', async () => {
    const questions = (await publishedQueries()).map(({ query, documents }) => ({ query, documents }));
    const graph = await miniFile('onnx/model_quantized.onnx');
    const project = useProject();
    const bitsOfFamilies = [];
    let expected;
    before(async () => {
      cpSync(site, project.directory, { recursive: true });
      cpSync(winner, join(project.directory, 'winner.js'));
      cpSync(bgeSmallFolder(), join(project.directory, 'bge-small'), { recursive: true });
      expected = await bitsInNode(mini, questions);
      for (const model of await families()) {
        bitsOfFamilies.push({ model, bits: await bitsInNode(model, questionsOfFamilies) });
      }
    });

    for (const [name, { start, relaxed, crashes }] of Object.entries(browsers)) {
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

        /** Visits the page of a server in a tab, and calls one of its actions. */
        async function asks(action, argument, { url } = server, tab = browser) {
          await tab.visit(`${url}/`);
          return does(action, argument, tab);
        }

        /** As `asks`, and once more after a crash that is the browser's. */
        async function asksTwice(...call) {
          return asks(...call).catch((error) => {
            if (crashes?.test(error)) return asks(...call);
            throw error;
          });
        }

        async function opensTab() {
          const tab = await browser.newTab();
          others.push(tab);
          return tab;
        }

        async function serves(headers) {
          const other = await serveDirectory(project.directory, { 'cache-control': 'no-store', ...headers });
          others.push(other);
          return other;
        }

        const kernels = ['dot_i16x8', 'extmul', 'extmul_of_eight_bits'];
        if (relaxed) kernels.push('relaxed_dot', 'relaxed_dot_in_two_steps');

        const isModelFile = (path) => /\.onnx$|tokenizer\.json$|config\.json$/.test(path);

        for (const worker of [true, false]) {
          it(`returns the logits that Node returns, bit for bit, with worker: ${worker}`, async () => {
            const { results, warnings } = await asks('rank', { model: 'mini', questions, options: { worker } });
            assert.deepEqual(bitsOf(results.flatMap(logitsByIndex)), expected);
            assert.deepEqual(warnings, []);
          });
        }

        it('returns the logits that Node returns, bit for bit, for a tiny graph of each family', async () => {
          for (const { model, bits } of bitsOfFamilies) {
            const call = { model, questions: questionsOfFamilies, options: { cache: 'none' } };
            const { results } = await asksTwice('rank', call);
            assert.deepEqual(bitsOf(results.flatMap(logitsByIndex)), bits, model.name);
          }
        });

        it('returns the vectors that Node returns, bit for bit', async () => {
          const vectors = await asksTwice('embed', { model: 'bge-small/', texts: textsToEmbed });
          assert.deepEqual(vectors.map(bitsOf), await vectorsInNode(textsToEmbed));
        });

        it('returns the same bits by each kernel of the engine', async () => {
          for (const [index, wanted] of kernels.entries()) {
            const call = { model: 'mini', questions, winner: { index, entrants: kernels.length } };
            const { results, kernel } = await asksTwice('rank', { ...call, options: { worker: false } });
            assert.deepEqual([kernel, bitsOf(results.flatMap(logitsByIndex))], [wanted, expected]);
          }
        });

        it('runs a kernel of the engine, which a race chooses', async () => {
          const isolated = await serves({ 'content-security-policy': policy, ...isolation });
          for (const threads of [1, 2]) {
            const kernel = await asksTwice('kernel', { threads }, isolated);
            assert.ok(kernels.includes(kernel), kernel);
            process.stdout.write(`${name} ${browser.version}, threads: ${threads}: the race chose ${kernel}\n`);
          }
        });

        it('returns the same bits from several engines, which a page has without isolation', async () => {
          for (const wanted of [2, 4]) {
            const { results, threads, warnings } = await asks('rank', {
              model: 'mini',
              questions,
              options: { threads: wanted },
            });
            assert.deepEqual([threads, warnings], [wanted, []]);
            assert.deepEqual(bitsOf(results.flatMap(logitsByIndex)), expected);
          }
        });

        it('takes the engine that is the fastest there', () => {
          const engines = new Set(
            server.requests.filter((path) => path.endsWith('.wasm')).map((path) => path.split('/').at(-1)),
          );
          assert.deepEqual([...engines], [relaxed ? 'rerank-relaxed.wasm' : 'rerank.wasm']);
        });

        it('starts a second time while nothing of the model can be downloaded', async () => {
          const call = { model: 'url', questions: questions.slice(0, 1), options: { threads: 1 } };
          const own = await serves({ 'content-security-policy': policy });
          // Under WebDriver, WebKit keeps cached files in memory, as in a private window, while a page has them open.
          await asks('hold', undefined, own, await opensTab());
          const first = await asks('rank', call, own);
          assert.deepEqual(first.warnings, []);
          const files = own.requests.filter(isModelFile);
          assert.equal(files.length, 3);
          for (const path of files) own.faults.set(path, status(500));
          assert.deepEqual(await asks('rank', call, own), first);
          assert.equal(own.requests.filter((path) => path.endsWith('/dist/worker.js')).length, 2);
          assert.equal(own.requests.filter(isModelFile).length, 3);
        });

        it('downloads once for two tabs that start at once', async () => {
          const call = { model: 'url', questions: questions.slice(0, 1) };
          const own = await serves({ 'content-security-policy': policy });
          const second = await opensTab();
          // The server sends the graph after both tabs have asked for the model, as far as the test can see.
          const asked = Promise.withResolvers();
          own.faults.set(graphPath, async (_, response) => {
            await asked.promise;
            response.writeHead(200, { 'content-length': graph.length }).end(graph);
          });
          const tabs = [browser, second];
          for (const tab of tabs) await asks('begin', call, own, tab);
          asked.resolve();
          const results = [];
          for (const tab of tabs) results.push(await does('begun', undefined, tab));
          assert.deepEqual(results[1], results[0]);
          assert.deepEqual(results[0].warnings, []);
          assert.equal(own.requests.filter(isModelFile).length, 3);
        });

        it('goes on where a download was cut', async () => {
          const own = await serves({ 'content-security-policy': policy });
          const ranges = [];
          let socket;
          const begins = (request, response) => {
            socket = request.socket;
            response.writeHead(200, { 'content-length': graph.length });
            response.write(graph.subarray(0, 3_000_000));
          };
          const answer = inTurn(begins, withRanges(graph));
          own.faults.set(graphPath, (request, response) => {
            ranges.push(request.headers.range);
            answer(request, response);
          });
          // The page reports when it has a part. Bytes that the browser has not handed out yet go with the connection.
          own.faults.set('/cut', (_, response) => {
            response.end();
            socket.destroy();
          });
          const call = { model: 'mini', questions: questions.slice(0, 1), options: { cache: 'none' } };
          const { results, warnings } = await asks('rankPastCut', call, own);
          assert.deepEqual([results.length, warnings], [1, []]);
          assert.equal(ranges.length, 2);
          assert.equal(ranges[0], undefined);
          assert.match(ranges[1], /^bytes=[1-9]\d*-$/);
        });

        it('has threads on a page that is cross-origin isolated', async () => {
          const isolated = await serves({ 'content-security-policy': policy, ...isolation });
          for (const wanted of [1, 2, 4]) {
            const answer = await asks('rank', { model: 'mini', questions, options: { threads: wanted } }, isolated);
            assert.deepEqual(bitsOf(answer.results.flatMap(logitsByIndex)), expected);
            const { threads, warnings } = answer;
            assert.deepEqual([answer.isolated, threads, warnings], [true, wanted, []]);
          }
          const engines = isolated.requests.filter((path) => path.includes('/rerank-threads'));
          const engine = relaxed ? 'rerank-threads.wasm' : 'rerank-threads-simd.wasm';
          assert.deepEqual([...new Set(engines.map((path) => path.split('/').at(-1)))], [engine]);
        });

        it('has threads with less memory where much is refused, and one thread where all is', async () => {
          const isolated = await serves({ 'content-security-policy': policy, ...isolation });
          const call = { model: 'mini', questions };
          // Each browser is asked for half a gigabyte or more at first.
          const less = { ...call, megabytes: 300, options: { threads: 2 } };
          const some = await asksTwice('rankWithLimit', less, isolated);
          assert.deepEqual([some.threads, some.warnings], [2, []]);
          const none = await asksTwice(
            'rankWithLimit',
            { ...call, megabytes: 0, options: { threads: 'auto' } },
            isolated,
          );
          assert.deepEqual(
            [none.threads, none.warnings],
            [1, ['The engine runs on one thread. The threads could not get a memory to share; use `threads: 1`.']],
          );
          for (const { results } of [some, none]) assert.deepEqual(bitsOf(results.flatMap(logitsByIndex)), expected);
          const refused = await asks('failureWithLimit', { megabytes: 0, options: { threads: 2 } }, isolated);
          assert.equal(refused, 'out_of_memory');
        });

        it('has a demo page that ranks, and does so while its server is down', async () => {
          const demo = await serve({ isolated: true });
          let stop = () => demo.close();
          others.push({ close: () => stop?.() });
          const tab = await opensTab();
          await tab.visit(`${demo.url}/`);
          const first = await tab.run(showsRanking);
          assert.ok(first.length > 1);
          await stop();
          stop = undefined;
          await tab.visit(`${demo.url}/`);
          assert.deepEqual(await tab.run(showsRanking), first);
        });

        it('has a demo page that searches files in two stages, and does so while its server is down', async () => {
          const demo = await serve({ isolated: true });
          let stop = () => demo.close();
          others.push({ close: () => stop?.() });
          const tab = await opensTab();
          const visit = async () => {
            await tab.visit(`${demo.url}/search.html`);
            return tab.run(findsInSamples);
          };
          const first = await visit();
          assert.equal(first.kept, 'No files yet');
          assert.equal(first.sources.length, 8);
          // Under WebDriver, WebKit forgets the file system of a site that no tab has open, as in a private window.
          const second = { sources: first.sources, kept: name.includes('WebKit') ? 'No files yet' : '20 files' };
          assert.deepEqual(await visit(), second);
          await stop();
          stop = undefined;
          assert.deepEqual(await visit(), second);
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
          assert.deepEqual(kinds, ['blob:', 'blob:']);
        });
      });
    }

    further({ project, questions, does });
  });
}
