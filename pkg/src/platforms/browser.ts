import { hrefOf } from '../common/kinds.js';
import { compileUrl } from '../engine/compile.js';
import type { Platform } from '../engine/platform.js';
import { engineUrl } from '../engine-urls.js';
import type { ThreadSupport } from '../instance/thread-support.js';
import { browserCaches } from './browser-caches.js';
import { missingForThreads } from './cross-origin-isolation.js';
import { exclusively } from './locks.js';

const inPlace = "the engine runs in place; only one in the package's worker has threads";

/**
 * Pages, workers and whatever else has the web's interfaces; no worker is started from here. `threads`: where the page
 * allows threads, how to have them or why there are none.
 */
export function browserPlatform(threads: ThreadSupport | string = inPlace): Platform {
  return {
    defaultEngine: (signal) => compileUrl(hrefOf(engineUrl()), { signal }),
    pause,
    threads: missingForThreads() ?? threads,
    caches: browserCaches,
    exclusively,
  };
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
