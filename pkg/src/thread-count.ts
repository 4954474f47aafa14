import { RerankError } from './errors.js';
import type { ThreadWish } from './options.js';
import type { ThreadSupport } from './platform.js';

/** More are of little use: a call has no more than some dozens of documents, and each thread takes memory. */
const mostByItself = 8;

/** How many threads to use, and why there is only one where more could have been. */
export interface ThreadChoice {
  count: number;
  missing?: string | undefined;
}

/**
 * The threads for what was asked, the engine's own included.
 *
 * @throws `unsupported_environment` where a number was asked for that cannot be had
 */
export function chooseThreads(wanted: ThreadWish, support: ThreadSupport | string | undefined): ThreadChoice {
  if (wanted === 1) return { count: 1 };
  if (typeof support === 'object') {
    return { count: typeof wanted !== 'number' ? Math.max(1, Math.min(support.processors(), mostByItself)) : wanted };
  }
  if (typeof wanted !== 'number') return { count: 1, missing: support };
  throw new RerankError('unsupported_environment', `no ${wanted} threads: ${support ?? 'there are none here'}`);
}
