import { hasRelaxedSimd } from '../instance/simd.js';

/** What a page's server must send; the page cannot see which of the two is missing. */
const headers =
  'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp (or credentialless)';

/** Why an engine in a worker of this page or worker could only have one thread, if so. */
export function missingForThreads(): string | undefined {
  if (globalThis.crossOriginIsolated !== true)
    return `the page is not cross-origin isolated; its server must send the headers ${headers}`;
  return hasRelaxedSimd() ? undefined : 'WebAssembly has no relaxed SIMD here';
}
