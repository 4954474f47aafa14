import { RerankError } from '../common/errors.js';
import { initialPages } from '../wasm/bindings-threads.js';

/** Size of a WebAssembly page in bytes. */
const pageBytes = 1 << 16;

/** 4 GiB, all that an instance can address. */
const mostPages = 1 << 16;

/** The least maximum that is worth trying: bge-reranker-base takes 300 MB. */
const fewestPages = (512 << 20) / pageBytes;

/**
 * Creates a memory that threads can share. It begins small and grows up to a maximum. The system reserves addresses for
 * the maximum, and phones have few of them.
 *
 * @throws `out_of_memory`
 */
export function createSharedMemory(): WebAssembly.Memory {
  for (let maximum = isWebKit() ? mostPages / 4 : mostPages; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: initialPages, maximum, shared: true });
    } catch (cause) {
      if (maximum <= fewestPages) {
        throw new RerankError('out_of_memory', 'The threads could not get a memory to share; use `threads: 1`.', {
          cause,
        });
      }
    }
  }
}

/** True in Safari and in every browser on an iPhone or iPad, which may call itself a Mac. */
function isWebKit(): boolean {
  const agent = typeof navigator === 'undefined' ? '' : (navigator.userAgent ?? '');
  return agent.includes('AppleWebKit') && !agent.includes('Chrome/');
}
