import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Document } from '@langchain/core/documents';
import { BaseRetriever } from '@langchain/core/retrievers';
import { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors';
import { RunnableLambda } from '@langchain/core/runnables';
import { createReranker } from 'rerank-wasm';
import { RerankWasmCompressor } from 'rerank-wasm/langchain';
import mini from 'rerank-wasm-mini';

import { rejectsWith } from '../../support/asserts/assertions.js';

const query = 'What is the capital of France?';
const texts = ['A giraffe is tall.', 'Berlin is the capital of Germany.', 'Paris is the capital of France.'];

class FixedRetriever extends BaseRetriever {
  lc_namespace = ['tests'];

  async _getRelevantDocuments() {
    return documents();
  }
}

function documents() {
  return texts.map((pageContent, page) => new Document({ pageContent, metadata: { page }, id: `id ${page}` }));
}

describe('LangChain.js', () => {
  let reranker;
  let expected;
  before(async () => {
    reranker = await createReranker({ model: mini });
    expected = await reranker.rerank(query, texts);
  });
  after(() => reranker.dispose());

  it('accepts the compressor as one', () => {
    assert.ok(BaseDocumentCompressor.isBaseDocumentCompressor(new RerankWasmCompressor()));
  });

  it('gets documents best first, as copies with their scores', async () => {
    const given = documents();
    const ranked = await new RerankWasmCompressor({ model: mini }).compressDocuments(given, query);
    assert.deepEqual(
      ranked,
      expected.map(({ index, score }) => {
        const metadata = { page: index, relevanceScore: score };
        return new Document({ pageContent: texts[index], metadata, id: `id ${index}` });
      }),
    );
    assert.ok(ranked[0] instanceof Document);
    assert.deepEqual(given, documents());
  });

  it('has it behind a retriever, as many as wanted', async () => {
    const compressor = new RerankWasmCompressor(reranker, { topN: 2 });
    const chain = RunnableLambda.from(async (question) => {
      const found = await new FixedRetriever().invoke(question);
      return compressor.compressDocuments(found, question);
    });
    const ranked = await chain.invoke(query);
    assert.deepEqual(
      ranked.map(({ metadata }) => metadata.page),
      expected.slice(0, 2).map(({ index }) => index),
    );
  });

  it('leaves documents with a low score out', async () => {
    const compressor = new RerankWasmCompressor(reranker, { minScore: expected[1].score });
    const ranked = await compressor.compressDocuments(documents(), query);
    assert.deepEqual(
      ranked.map(({ metadata }) => metadata.page),
      expected.slice(0, 2).map(({ index }) => index),
    );
  });

  it('loads nothing for no documents, and passes failures on', async () => {
    assert.deepEqual(await new RerankWasmCompressor({ model: '/none' }).compressDocuments([], query), []);
    const compressor = new RerankWasmCompressor({ model: '/none' });
    await rejectsWith(compressor.compressDocuments(documents(), query), 'model_not_found');
    assert.throws(() => new RerankWasmCompressor(reranker, { topN: 0 }), { code: 'invalid_input', message: /topN/ });
  });
});
