import { hrefOf } from '../common/kinds.js';
import { pause } from '../common/pause.js';
import { compileUrl } from '../engine/compile.js';
import type { Platform } from '../engine/platform.js';
import { engineUrl } from '../engine-urls.js';
import type { ThreadSupport } from '../instance/thread-support.js';
import { browserCaches } from './browser-caches.js';
import { missingForThreads } from './cross-origin-isolation.js';
import { exclusively } from './locks.js';

const inPlace = "the engine runs in place, and only the package's worker (`worker: true`) has threads";

/**
 * Pages, workers and every other platform with the web's interfaces; the door adds how workers start. `threads` counts
 * only if the page allows threads: it starts them, or is the reason why there are none.
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
