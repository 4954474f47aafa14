import { RerankError, toRerankError } from '../common/errors.js';
import type { LoadProgress, RerankWarning } from '../common/loading.js';
import type { TextResult } from '../engine/backend.js';
import { type ModelCopy, startCopy } from '../engine/copy.js';
import { InPlaceBackend } from '../engine/in-place.js';
import { loadModel } from '../engine/load.js';
import type { Platform } from '../engine/platform.js';
import { type Precompiled, withPrecompiled } from '../engine/precompiled.js';
import { CrashedError } from '../instance/instance.js';
import { RemoteCache } from './cache-port.js';
import { received } from './file-port.js';
import {
  type EngineOffer,
  type Message,
  plainError,
  plainWarning,
  type Request,
  type ThreadRequest,
} from './protocol.js';

/** The part of a worker's global scope that this package uses, or what stands for it. */
export interface Scope {
  postMessage(message: Message, transfer?: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { data: Request | ThreadRequest | EngineOffer }) => void): void;
}

/** Serves one model to the thread that started the worker. */
export function serve(scope: Scope, platform: Platform): void {
  const underWay = new Map<number, AbortController>();
  let backend: InPlaceBackend | undefined;
  let precompiled: Precompiled | undefined;

  async function answer(request: Exclude<Request, { type: 'abort' }>, signal: AbortSignal): Promise<unknown> {
    const { id } = request;
    if (request.type === 'load') {
      const { wasm, threads } = request;
      const { model, close } = received(request.model);
      const report = (progress: LoadProgress) => scope.postMessage({ type: 'progress', id, progress });
      const cache = typeof request.cache === 'string' ? request.cache : new RemoteCache(request.cache);
      const warn = (warning: RerankWarning) =>
        scope.postMessage({ type: 'warning', id, warning: plainWarning(warning) });
      try {
        backend = new InPlaceBackend(
          await loadModel(
            { model, wasm, threads, cache, signal, report, warn },
            withPrecompiled(platform, precompiled),
          ),
          platform,
        );
      } finally {
        close();
        if (cache instanceof RemoteCache) cache.close();
      }
      return undefined;
    }
    if (request.type === 'start-copy') {
      backend = new InPlaceBackend(await startCopy(request.copy), platform);
      return undefined;
    }
    if (!backend) throw new RerankError('internal', 'The worker has no model.');
    if (request.type === 'statistics') return backend.statistics();
    if (request.type === 'copy') return backend.copy();
    const onResult = (result: TextResult) => scope.postMessage({ type: 'result', id, result });
    return backend.run({ request: request.request, texts: request.texts, onResult, signal });
  }

  scope.addEventListener('message', async ({ data: request }) => {
    if (request.type === 'engine') precompiled = request.engine;
    // Other listeners receive the messages about threads.
    if (!('id' in request)) return;
    const { id } = request;
    if (request.type === 'abort') {
      underWay.get(id)?.abort();
      return;
    }
    const controller = new AbortController();
    underWay.set(id, controller);
    try {
      const value = await answer(request, controller.signal);
      const transfer = request.type === 'copy' ? [(value as ModelCopy).instance.memory] : [];
      scope.postMessage({ type: 'answer', id, value }, transfer);
    } catch (error) {
      if (error instanceof CrashedError && request.type !== 'load' && request.type !== 'start-copy') {
        scope.postMessage({ type: 'crashed' });
        return;
      }
      const crashed = backend !== undefined && !backend.usable;
      scope.postMessage({ type: 'failure', id, error: plainError(toRerankError(error)), crashed });
    } finally {
      underWay.delete(id);
    }
  });
  scope.postMessage({ type: 'ready' });
}
