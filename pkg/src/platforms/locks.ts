import { abortedError } from '../common/errors.js';

/**
 * Runs `work` while no other tab or worker of this origin runs work of the same name. Without Web Locks, runs it at
 * once.
 *
 * @throws `aborted` if the signal fires during the wait; the error of `work`
 */
export async function exclusively<Value>(
  name: string,
  work: () => Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return work();
  let begun = false;
  try {
    return await locks.request(name, signal ? { signal } : {}, () => {
      begun = true;
      return work();
    });
  } catch (error) {
    if (begun) throw error;
    if (signal?.aborted) throw abortedError(signal);
    // A frame with an opaque origin (`sandbox`) has the interface but no locks.
    return work();
  }
}
