import type { Platform } from '../engine/platform.js';

/** Edge functions: the engine is a module of the deployment; there are no caches and no workers. */
export function isolatePlatform(engine: WebAssembly.Module): Platform {
  return {
    defaultEngine: async () => engine,
    // A timer dies with the request that set it. Calls of several requests share one queue, which must not wait for any
    // one of them. So nothing waits here, and a call that has begun runs to its end.
    pause: async () => {},
    requestsOwnDownloads: true,
  };
}
