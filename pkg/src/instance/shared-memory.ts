import { RerankError } from '../common/errors.js';
import { initialPages } from '../wasm/bindings-threads.js';

/** Of WebAssembly, in bytes. */
const pageBytes = 1 << 16;

/** 4 GiB, all that can be addressed. */
const mostPages = 1 << 16;

/** Less than this is not worth trying: bge-reranker-base takes 300 MB. */
const fewestPages = (512 << 20) / pageBytes;

/**
 * A memory that threads can share. It begins small and grows; how far it may grow is said here, and that range of
 * addresses is reserved, which phones have little of.
 *
 * @throws `out_of_memory`
 */
export function createSharedMemory(): WebAssembly.Memory {
  for (let maximum = isWebKit() ? mostPages / 4 : mostPages; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: initialPages, maximum, shared: true });
    } catch (cause) {
      if (maximum <= fewestPages) {
        throw new RerankError('out_of_memory', 'there is no memory that threads could share', { cause });
      }
    }
  }
}

/** True in WebKit: in Safari, and in whatever runs on an iPhone or iPad, which can call itself a Mac. */
function isWebKit(): boolean {
  const agent = typeof navigator === 'undefined' ? '' : (navigator.userAgent ?? '');
  return agent.includes('AppleWebKit') && !agent.includes('Chrome/');
}
