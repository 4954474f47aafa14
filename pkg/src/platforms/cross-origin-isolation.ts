import type { EnginesApart } from '../engine/platform.js';
import { memoryForThreads } from '../instance/device-memory.js';

/** More engines that share no memory take too much of it. */
const mostEngines = 4;

/** The headers that a page's server must send. The page cannot see which of them is missing. */
const headers =
  'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp (or credentialless), ' +
  'or for Chromium alone Document-Isolation-Policy: isolate-and-credentialless';

/** The reason why an instance in a worker can have only one thread here; undefined if it can have more. */
export function missingForThreads(): string | undefined {
  if (globalThis.crossOriginIsolated === true) {
    return typeof SharedArrayBuffer === 'undefined' ? 'this browser has no memory that threads can share' : undefined;
  }
  return `the page is not cross-origin isolated; its server must send the headers ${headers}`;
}

/** The engines that a page can have which is not isolated; undefined for one that is. */
export function enginesApart(): EnginesApart | undefined {
  const reason = missingForThreads();
  if (reason === undefined) return undefined;
  const processors = () => Math.min(mostEngines, globalThis.navigator?.hardwareConcurrency ?? 1);
  return { reason, processors, room: memoryForThreads };
}
