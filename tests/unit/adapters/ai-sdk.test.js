import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import * as ai7 from 'ai';
import * as ai6 from 'ai-6';
import { createReranker } from 'rerank-wasm';
import { rerankWasm } from 'rerank-wasm/ai-sdk';
import mini from 'rerank-wasm-mini';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { startHub } from '../../support/servers/hub.js';

const query = 'What is the capital of France?';
const documents = ['A giraffe is tall.', 'Berlin is the capital of Germany.', 'Paris is the capital of France.'];

for (const [name, { rerank }] of Object.entries({ 'AI SDK 6': ai6, 'AI SDK 7': ai7 })) {
  describe(name, () => {
    let reranker;
    let expected;
    let hub;
    const warned = [];
    before(async () => {
      hub = await startHub();
      reranker = await createReranker({ model: mini });
      expected = await reranker.rerank(query, documents);
      globalThis.AI_SDK_LOG_WARNINGS = ({ warnings }) => warned.push(...warnings);
    });
    after(async () => {
      delete globalThis.AI_SDK_LOG_WARNINGS;
      await reranker.dispose();
      await hub.close();
    });

    it('ranks texts as the package does', async () => {
      const { ranking, rerankedDocuments, response } = await rerank({
        model: rerankWasm({ model: mini }),
        query,
        documents,
      });
      assert.deepEqual(
        ranking,
        expected.map(({ index, score }) => ({ originalIndex: index, score, document: documents[index] })),
      );
      assert.equal(rerankedDocuments[0], documents[2]);
      assert.equal(response.modelId, 'rerank-wasm-mini');
      assert.deepEqual(warned, []);
    });

    it('ranks objects by their text, others as JSON with a warning, and gives back the best', async () => {
      const model = rerankWasm(reranker);
      const objects = documents.map((text, id) => ({ id, text }));
      const { ranking } = await rerank({ model, query, documents: objects, topN: 1 });
      assert.deepEqual(ranking, [{ originalIndex: 2, score: expected[0].score, document: objects[2] }]);
      assert.deepEqual(warned, []);
      const others = documents.map((body) => ({ body }));
      const asJson = await reranker.rerank(query, others.map(JSON.stringify));
      const { ranking: ranked } = await rerank({ model, query, documents: others });
      assert.deepEqual(
        ranked.map(({ score }) => score),
        asJson.map(({ score }) => score),
      );
      assert.deepEqual(
        warned.splice(0).map(({ type, feature }) => [type, feature]),
        [['compatibility', 'object documents']],
      );
    });

    it('reads documents as told', async () => {
      const long = [`${'A giraffe is tall. '.repeat(200)} ${documents[2]}`];
      const reading = { longDocuments: 'chunk', maxTokens: 128 };
      const [result] = await reranker.rerank(query, long, reading);
      const { ranking } = await rerank({ model: rerankWasm(reranker, reading), query, documents: long });
      assert.equal(ranking[0].score, result.score);
    });

    it('reads the documents of a call as its provider options say, and refuses wrong ones', async () => {
      const long = [`${'A giraffe is tall. '.repeat(200)} ${documents[2]}`];
      const [result] = await reranker.rerank(query, long, { longDocuments: 'chunk', maxTokens: 128 });
      const model = rerankWasm(reranker, { longDocuments: 'chunk', maxTokens: 256 });
      const ask = (options) =>
        rerank({ model, query, documents: long, providerOptions: { 'rerank-wasm': options, cohere: { priority: 1 } } });
      assert.equal((await ask({ maxTokens: 128 })).ranking[0].score, result.score);
      await rejectsWith(
        ask({ maxToken: 128 }),
        'invalid_input',
        /`providerOptions\.rerank-wasm`.*did you mean "maxTokens"\?/,
      );
    });

    it('leaves documents with a low score out', async () => {
      const [best, second] = await reranker.rerank(query, documents);
      const model = rerankWasm(reranker, { minScore: best.score });
      const { ranking, rerankedDocuments } = await rerank({ model, query, documents });
      assert.ok(second.score < best.score);
      assert.deepEqual(
        ranking.map(({ originalIndex }) => originalIndex),
        [best.index],
      );
      assert.deepEqual(rerankedDocuments, [documents[best.index]]);
    });

    it('loads nothing for nothing, and not again what is loaded', async () => {
      hub.requests.length = 0;
      const model = rerankWasm({ model: hub.model, cache: 'none' });
      assert.equal(model.modelId, hub.model);
      assert.deepEqual((await rerank({ model, query, documents: [] })).ranking, []);
      assert.equal(hub.requests.length, 0);
      await Promise.all([rerank({ model, query, documents }), rerank({ model, query, documents })]);
      assert.equal(hub.requests.length, 3);
    });

    it('passes failures on, and begins anew after a load that failed', async () => {
      const model = rerankWasm({ model: hub.model, cache: 'none' });
      hub.faults.set('/mini/tokenizer.json', (_, response) => response.writeHead(404).end());
      await rejectsWith(rerank({ model, query, documents }), 'model_not_found');
      hub.faults.clear();
      assert.equal((await rerank({ model, query, documents })).ranking.length, 3);
      await rejectsWith(rerank({ model, query: ' ', documents }), 'invalid_input');
    });

    it('fails with the reason of the signal, while the model loads for others and while it ranks', async () => {
      let answer;
      const asked = new Promise((resolve) => {
        hub.faults.set('/mini/config.json', (_, response) => {
          answer = () => response.writeHead(403).end();
          resolve();
        });
      });
      for (const model of [rerankWasm({ model: hub.model, cache: 'none' }), rerankWasm(reranker)]) {
        const controller = new AbortController();
        const call = rerank({
          model,
          query,
          documents: documents.flatMap((text) => Array.from({ length: 20 }, (_, index) => `${text} ${index}`)),
          abortSignal: controller.signal,
        });
        if (model.modelId === hub.model) await asked;
        controller.abort();
        await assert.rejects(call, { name: 'AbortError' });
      }
      answer();
      hub.faults.clear();
    });
  });
}
