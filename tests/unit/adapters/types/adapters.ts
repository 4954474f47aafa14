import { Document, type DocumentInterface } from '@langchain/core/documents';
import type { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors';
import { rerank } from 'ai';
import { rerank as rerankWith6 } from 'ai-6';
import { createReranker } from 'rerank-wasm';
import { rerankWasm } from 'rerank-wasm/ai-sdk';
import { RerankWasmCompressor } from 'rerank-wasm/langchain';
import mini from 'rerank-wasm-mini';

export async function useAiSdk(abortSignal: AbortSignal): Promise<void> {
  const model = rerankWasm({ model: mini }, { longDocuments: 'chunk', maxTokens: 256, minScore: 0.1 });
  const { ranking } = await rerank({ model, query: 'query', documents: ['text'], topN: 1, abortSignal });
  const [first]: { originalIndex: number; score: number; document: string }[] = ranking;
  const objects = [{ id: 7, text: 'text' }];
  const { rerankedDocuments } = await rerankWith6({
    model: rerankWasm(await createReranker()),
    query: 'query',
    documents: objects,
  });
  const id: number | undefined = rerankedDocuments[0]?.id;
  void [first, id];

  // @ts-expect-error: a model is an object, not a name
  rerankWasm('mini');
  // @ts-expect-error: `rerank` takes the number of results
  rerankWasm({}, { topN: 1 });
}

export async function useLangChain(): Promise<void> {
  const compressor: BaseDocumentCompressor = new RerankWasmCompressor({ model: mini }, { topN: 2 });
  const documents = [new Document({ pageContent: 'text', metadata: { page: 1 } })];
  const ranked: DocumentInterface[] = await compressor.compressDocuments(documents, 'query');
  const same: Document<{ page: number }>[] = await new RerankWasmCompressor().compressDocuments(documents, 'query');
  void [ranked, same];

  // @ts-expect-error: a document has contents
  await new RerankWasmCompressor().compressDocuments(['text'], 'query');
}
