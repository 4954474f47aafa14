import { RerankError, withReason } from '../common/errors.js';
import { ClientSearch } from './client.js';
import { Documents } from './documents.js';
import { openKeywords } from './keywords.js';
import { checkSearchOptions } from './options.js';
import type { OpenStore } from './store.js';
import type { CreateSearch, SearchDocument, SearchOptions } from './types.js';

/** Makes `createSearch` for a platform, which keeps indexes in its way. */
export function createSearchWith(openStore: OpenStore): CreateSearch {
  return async <Document extends SearchDocument>(options?: SearchOptions) => {
    const { embedder, reranker, retrieve, name, directory, chunkTokens, overlap, onProgress } =
      checkSearchOptions(options);
    if (retrieve) return new ClientSearch<Document>({ retrieve, embedder, reranker });
    const opened = await openKeywords();
    if (!embedder && 'cause' in opened) {
      const { cause } = opened;
      const advice = 'run `npm install minisearch`, or pass an `embedder`';
      throw new RerankError('unsupported_environment', withReason('MiniSearch cannot be loaded', cause, advice), {
        cause,
      });
    }
    const documents = await Documents.open({
      keywords: 'index' in opened ? opened.index : undefined,
      embedder,
      cutting: { chunkTokens, overlap },
      store: name === undefined ? undefined : await openStore(name, directory),
      onProgress,
    });
    return new ClientSearch<Document>({ documents, reranker });
  };
}
