import { untilAborted } from '../common/deferred.js';
import type { Reranker } from '../common/types.js';
import { Call, type ClientReranker } from './client.js';
import { createOnce } from './once.js';

/** A function that ranks with one reranker, which is made at its first use and shared by all calls. */
export function shareReranker(create: () => Promise<ClientReranker>): Reranker['rerank'] {
  const get = createOnce(create);
  return async (query, documents, options) => {
    // Before anything is loaded: arguments that are wrong must not cost a download.
    const call = new Call(query, documents, options);
    const reranker = await untilAborted(get(), call.task.signal);
    return reranker.serve(call);
  };
}
