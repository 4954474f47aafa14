import type { ThreadWish } from '../common/choices.js';
import { RerankError } from '../common/errors.js';
import type { ThreadSupport } from '../instance/thread-support.js';

/** More are of little use: a call has no more than some dozens of documents, and each thread takes memory. */
const mostByItself = 8;

/** More than this is a mistake: each thread is one of the system's. */
const mostThreads = 64;

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
  if (typeof wanted !== 'number')
    return typeof support === 'object' ? asManyAsFit(support) : { count: 1, missing: support };
  if (wanted === 1) return { count: 1 };
  if (wanted > mostThreads) throw unavailable(wanted, `${mostThreads} is the most`);
  if (typeof support !== 'object') throw unavailable(wanted, support ?? 'there are none here');
  return { count: wanted };
}

function asManyAsFit({ processors, room }: ThreadSupport): ThreadChoice {
  const useful = Math.min(processors(), mostByItself);
  const count = Math.max(1, Math.min(useful, room()));
  return { count, missing: count === 1 && useful > 1 ? 'there is no memory for more' : undefined };
}

function unavailable(wanted: number, reason: string): RerankError {
  return new RerankError('unsupported_environment', `no ${wanted} threads: ${reason}`);
}
