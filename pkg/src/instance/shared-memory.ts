import { RerankError } from '../common/errors.js';
import { initialPages } from '../wasm/bindings-threads.js';
import { pageBytes } from './instance.js';
import type { InstanceWish } from './thread-support.js';

/** 4 GiB, all that an instance can address. */
const mostBytes = 2 ** 32;

/** The maximum in WebKit for a model of unknown size. */
const unknownBytes = 2 ** 30;

/** The least maximum that is worth trying for a model of unknown size: bge-reranker-base takes 300 MB. */
const fewestBytes = 2 ** 29;

/** The first maximum in WebKit for a small model. Texts of thousands of tokens take 100 MB in each thread. */
const usualBytes = 511e6;

/**
 * Creates a memory that threads can share. It begins small and grows up to a maximum.
 *
 * WebKit reserves addresses for the maximum, and phones have few of them. So there the maximum follows from the model's
 * size, and is lowered as often as that is refused.
 *
 * @throws `out_of_memory`
 */
export function createSharedMemory({
  count,
  modelBytes,
}: Pick<InstanceWish, 'count' | 'modelBytes'>): WebAssembly.Memory {
  const limits = modelBytes === undefined ? undefined : limitsFor(modelBytes, count);
  const { most, fewest } = isWebKit() ? (limits ?? { most: unknownBytes, fewest: fewestBytes }) : anywhereElse(limits);
  for (let bytes = most; ; bytes = Math.max(fewest, bytes / 2)) {
    try {
      return new WebAssembly.Memory({ initial: initialPages, maximum: Math.ceil(bytes / pageBytes), shared: true });
    } catch (cause) {
      if (bytes <= fewest) {
        throw new RerankError('out_of_memory', 'The threads could not get a memory to share; use `threads: 1`.', {
          cause,
        });
      }
    }
  }
}

/** The maxima to try, in bytes, from the highest down to the lowest. */
interface Limits {
  most: number;
  fewest: number;
}

/**
 * The engine and a call take 20 MB. A thread takes 4 MB for short texts and 9 MB for texts of 512 tokens. The table of
 * memory in docs/performance.md has both.
 */
function limitsFor(modelBytes: number, count: number): Limits {
  return {
    most: Math.max(usualBytes, 1.1 * modelBytes + 96e6 + 10e6 * count),
    fewest: modelBytes + 32e6 + 4e6 * count,
  };
}

function anywhereElse(limits: Limits | undefined): Limits {
  return { most: mostBytes, fewest: Math.min(fewestBytes, limits?.fewest ?? fewestBytes) };
}

/** True in Safari and in every browser on an iPhone or iPad, which may call itself a Mac. */
function isWebKit(): boolean {
  const agent = typeof navigator === 'undefined' ? '' : (navigator.userAgent ?? '');
  return agent.includes('AppleWebKit') && !agent.includes('Chrome/');
}
