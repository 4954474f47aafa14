import { Call, type ClientReranker } from './client.js';
import { untilAborted } from './deferred.js';
import { RerankError } from './errors.js';
import type { Reranker } from './types.js';

/**
 * A function that ranks with one reranker, made at its first use and shared by all calls. Neither a creation that
 * failed nor an engine that broke is kept: the next call starts afresh.
 */
export function shareReranker(create: () => Promise<ClientReranker>): Reranker['rerank'] {
  let shared: Promise<ClientReranker> | undefined;

  function forget(reranker: Promise<ClientReranker>): void {
    if (shared === reranker) shared = undefined;
  }

  function get(): Promise<ClientReranker> {
    if (shared) return shared;
    const created = create();
    created.catch(() => forget(created));
    shared = created;
    return created;
  }

  return async (query, documents, options) => {
    // Before anything is loaded: arguments that are wrong must not cost a download.
    const call = new Call(query, documents, options);
    for (;;) {
      const used = get();
      const reranker = await untilAborted(used, call.task.signal);
      try {
        return await reranker.serve(call);
      } catch (error) {
        if (!(error instanceof RerankError)) throw error;
        // Only a neighbour whose call broke the engine can have disposed it.
        if (error.code === 'disposed') continue;
        if (error.code === 'internal' || error.code === 'out_of_memory') {
          forget(used);
          await reranker.dispose();
        }
        throw error;
      }
    }
  };
}
