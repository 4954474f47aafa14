import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Document } from '@langchain/core/documents';
import { reactive } from '@vue/reactivity';
import { rerank } from 'ai';
import { createReranker } from 'rerank-wasm';
import { rerankWasm } from 'rerank-wasm/ai-sdk';
import { RerankWasmCompressor } from 'rerank-wasm/langchain';

import { wrappers } from '../../support/asserts/wrappers.js';
import { tiny } from '../../support/models/tiny.js';

const query = 'query';
const texts = ['one', 'two words', 'three more words'];

describe('an adapter', () => {
  let reranker;
  let expected;
  before(async () => {
    reranker = await createReranker({ model: tiny });
    expected = (await reranker.rerank(query, texts)).map(({ index }) => index);
  });
  after(() => reranker.dispose());

  const pages = () => texts.map((pageContent, page) => new Document({ pageContent, metadata: { page } }));
  const order = (documents) => documents.map(({ metadata }) => metadata.page);

  for (const [name, wrap] of Object.entries(wrappers)) {
    it(`for the AI SDK works behind ${name}`, async () => {
      const model = wrap(rerankWasm(wrap(reranker)));
      const { ranking } = await rerank({ model, query, documents: texts });
      assert.deepEqual(
        ranking.map(({ originalIndex }) => originalIndex),
        expected,
      );
    });

    it(`for LangChain.js works behind ${name}, with documents that Vue has wrapped`, async () => {
      const compressor = wrap(new RerankWasmCompressor(wrap(reranker)));
      assert.deepEqual(order(await compressor.compressDocuments(reactive(pages()), query)), expected);
    });
  }

  it('works with methods that were taken off it', async () => {
    const { doRerank } = rerankWasm(reranker);
    const { ranking } = await doRerank({ documents: { type: 'text', values: texts }, query });
    assert.deepEqual(
      ranking.map(({ index }) => index),
      expected,
    );
    const { compressDocuments } = new RerankWasmCompressor(reranker);
    assert.deepEqual(order(await compressDocuments(pages(), query)), expected);
  });

  it('for LangChain.js can have a subclass', async () => {
    class First extends RerankWasmCompressor {
      async compressDocuments(documents, query) {
        return (await super.compressDocuments(documents, query)).slice(0, 1);
      }
    }
    const { compressDocuments } = new First(reranker);
    assert.deepEqual(order(await compressDocuments(pages(), query)), expected.slice(0, 1));
  });
});
