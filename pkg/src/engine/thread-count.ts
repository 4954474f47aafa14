import type { ThreadWish } from '../common/choices.js';
import { RerankError, sentence } from '../common/errors.js';
import type { ThreadSupport } from '../instance/thread-support.js';

/** More threads are of little use: a call has some dozens of documents, and each thread takes memory. */
const mostByItself = 8;

/** A larger number is a mistake: each thread is a thread of the system. */
const mostThreads = 64;

/** What limits the number of threads. */
type Machine = Pick<ThreadSupport, 'processors' | 'room'>;

/** How many threads to use. `missing` says why only one, if the caller could expect more. */
export interface ThreadChoice {
  count: number;
  missing?: string | undefined;
}

/**
 * Chooses the number of threads, the instance's first one included.
 *
 * @throws `unsupported_environment` if a number was asked for that is impossible
 */
export function chooseThreads(wanted: ThreadWish, support: Machine | string | undefined): ThreadChoice {
  if (typeof wanted !== 'number')
    return typeof support === 'object' ? asManyAsFit(support) : { count: 1, missing: support };
  if (wanted === 1) return { count: 1 };
  if (wanted > mostThreads) throw threadsUnavailable(wanted, `${mostThreads} is the most`);
  if (typeof support !== 'object') throw threadsUnavailable(wanted, whyOneThread(support));
  return { count: wanted };
}

function asManyAsFit({ processors, room }: Machine): ThreadChoice {
  const useful = Math.min(processors(), mostByItself);
  const count = Math.max(1, Math.min(useful, room()));
  return { count, missing: count === 1 && useful > 1 ? 'there is no memory for more' : undefined };
}

/** The sentence that says why a platform without thread support has one thread. */
export function whyOneThread(reason: string | undefined): string {
  return sentence(reason ?? 'this platform has no threads');
}

/** The failure for a number of threads that is impossible for this reason. */
export function threadsUnavailable(wanted: number, reason: string): RerankError {
  const found = `${wanted} threads were asked for and are not available. ${sentence(reason)}`;
  return new RerankError('unsupported_environment', `${found} \`threads: 'auto'\` takes what is available.`);
}
