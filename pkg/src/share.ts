import { Call, type ClientReranker } from './client.js';
import { untilAborted } from './deferred.js';
import type { Reranker } from './types.js';

/**
 * A function that ranks with one reranker, made at its first use and shared by all calls. A creation that failed is not
 * kept: the next call starts afresh.
 */
export function shareReranker(create: () => Promise<ClientReranker>): Reranker['rerank'] {
  let shared: Promise<ClientReranker> | undefined;

  function get(): Promise<ClientReranker> {
    if (shared) return shared;
    const created = create();
    created.catch(() => {
      if (shared === created) shared = undefined;
    });
    shared = created;
    return created;
  }

  return async (query, documents, options) => {
    // Before anything is loaded: arguments that are wrong must not cost a download.
    const call = new Call(query, documents, options);
    const reranker = await untilAborted(get(), call.task.signal);
    return reranker.serve(call);
  };
}
