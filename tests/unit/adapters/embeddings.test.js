import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Document } from '@langchain/core/documents';
import { FakeVectorStore } from '@langchain/core/utils/testing';
import * as ai7 from 'ai';
import * as ai6 from 'ai-6';
import { createEmbedder } from 'rerank-wasm';
import { embedWasm } from 'rerank-wasm/ai-sdk';
import { RerankWasmEmbeddings } from 'rerank-wasm/langchain';

import { bgeSmallFolder } from '../../support/models/bge-small.js';

const model = bgeSmallFolder();
const passages = ['A giraffe is tall.', 'Berlin is the capital of Germany.', 'Paris is the capital of France.'];
const question = 'What is the capital of France?';

let embedder;
let documents;
let query;
before(async () => {
  embedder = await createEmbedder({ model, threads: 1 });
  documents = (await embedder.embed(passages)).embeddings.map((vector) => Array.from(vector));
  query = Array.from((await embedder.embed([question], { kind: 'query' })).embeddings[0]);
});
after(() => embedder?.dispose());

for (const [name, { embed, embedMany, cosineSimilarity }] of Object.entries({ 'AI SDK 6': ai6, 'AI SDK 7': ai7 })) {
  describe(`${name}, embeddings`, () => {
    it('have the bits of the package', async () => {
      const { embeddings, usage } = await embedMany({ model: embedWasm({ model, threads: 1 }), values: passages });
      assert.deepEqual(embeddings, documents);
      assert.equal(
        usage.tokens,
        (await embedder.embed(passages)).tokens.reduce((sum, count) => sum + count, 0),
      );
    });

    it('find the passage with the prompt for queries', async () => {
      const providerOptions = { 'rerank-wasm': { kind: 'query' } };
      const { embedding } = await embed({ model: embedWasm(embedder), value: question, providerOptions });
      assert.deepEqual(embedding, query);
      const closeness = documents.map((document) => cosineSimilarity(embedding, document));
      assert.equal(closeness.indexOf(Math.max(...closeness)), 2);
    });

    it('are cut by an option of the model', async () => {
      const { embedding } = await embed({ model: embedWasm(embedder, { dimensions: 8 }), value: 'a' });
      assert.equal(embedding.length, 8);
    });

    it('fail with the reason of their signal', async () => {
      const reason = new Error('enough');
      const abortSignal = AbortSignal.abort(reason);
      await assert.rejects(embed({ model: embedWasm(embedder), value: 'a', abortSignal, maxRetries: 0 }), reason);
    });
  });
}

describe("LangChain's embeddings", () => {
  it('have the bits of the package, with the prompt of each kind', async () => {
    const embeddings = new RerankWasmEmbeddings({ model, threads: 1 });
    assert.deepEqual(await embeddings.embedDocuments(passages), documents);
    assert.deepEqual(await embeddings.embedQuery(question), query);
    assert.deepEqual(await embeddings.embedDocuments([]), []);
  });

  it('work in a vector store', async () => {
    const store = new FakeVectorStore(new RerankWasmEmbeddings(embedder));
    await store.addDocuments(passages.map((pageContent) => new Document({ pageContent })));
    const [best] = await store.similaritySearch(question, 1);
    assert.equal(best.pageContent, passages[2]);
  });
});

describe('adapters of embeddings', () => {
  it('refuse wrong options where they are written', () => {
    const refused = (message) => ({ name: 'RerankError', code: 'invalid_input', message });
    assert.throws(() => embedWasm({ modle: 'x' }), refused(/did you mean "model"/));
    assert.throws(() => embedWasm({}, { kind: 'passage' }), refused(/`kind` must be/));
    assert.throws(() => new RerankWasmEmbeddings({}, { kind: 'query' }), refused(/unknown property/));
  });

  it('name the model', () => {
    assert.equal(embedWasm().modelId, 'bge-small-en-v1.5');
    assert.equal(embedWasm({ model: 'org/repo' }).modelId, 'org/repo');
    assert.equal(embedWasm(embedder).modelId, 'embedder');
  });
});
