import { abortedError } from '../common/errors.js';

/**
 * Does `work` while no other tab or worker of this origin does work of the same name; without Web Locks, at once.
 *
 * @throws `aborted` while it waits, and what `work` throws
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
    // A frame without an origin of its own has the interface but no locks.
    return work();
  }
}
