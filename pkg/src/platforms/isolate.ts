import type { Platform } from '../engine/platform.js';

/** Edge functions: the engine is a module of the deployment, nothing is cached, no worker is started. */
export function isolatePlatform(engine: WebAssembly.Module): Platform {
  return {
    defaultEngine: async () => engine,
    // A timer belongs to the request that set it and dies with it. Calls of several requests share one queue, which must
    // not wait for any of them; so nothing waits here, and a call that has begun runs to its end.
    pause: async () => {},
    requestsOwnDownloads: true,
  };
}
