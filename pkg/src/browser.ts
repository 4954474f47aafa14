import { browserCaches } from './cache-browser.js';
import { compileUrl } from './http.js';
import { exclusively } from './locks.js';
import type { Platform } from './platform.js';
import { hasRelaxedSimd } from './simd.js';

/** Pages, workers and whatever else has the web's interfaces; no worker is started from here. */
export function browserPlatform(): Platform {
  return {
    defaultEngine: (signal) => compileUrl(engineUrl().href, { signal }),
    pause,
    caches: browserCaches,
    exclusively,
  };
}

/** Bundlers find files by this very expression, so each stands for itself. */
function engineUrl(): URL {
  return hasRelaxedSimd()
    ? new URL('./wasm/rerank-relaxed.wasm', import.meta.url)
    : new URL('./wasm/rerank.wasm', import.meta.url);
}

/** A turn by way of a message: timers are slowed down to 4 ms, and to seconds in a hidden tab. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
