import { nodePlatform } from './platforms/node.js';
import { entry } from './reranker/entry.js';

export * from './common/public.js';

export const { createReranker, rerank, listCache, clearCache, directoryCache } = entry(nodePlatform);
