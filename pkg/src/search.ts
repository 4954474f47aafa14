import { createSearchWith } from './search/create.js';
import { openOpfs } from './search/opfs.js';
import type { CreateSearch } from './search/types.js';

export type * from './search/types.js';

/**
 * Opens an index of documents, and finds them by keywords, vectors and a reranker. Each of the three may be left out.
 * Keywords need the package `minisearch`.
 *
 * @example
 * const search = await createSearch({ embedder, reranker, name: 'notes' });
 * await search.add(documents);
 * const [best] = await search.search('how do I cancel');
 *
 * @throws RerankError: `invalid_input`, `unsupported_environment`
 */
export const createSearch: CreateSearch = createSearchWith(openOpfs);
