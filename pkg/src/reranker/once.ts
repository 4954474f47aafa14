import type { Reranker } from '../common/types.js';

/** How long a creation may take that can be dead; a bundle for an isolate is there in a few seconds. */
const patienceMilliseconds = 60_000;

const mortal = new WeakSet<object>();

/** Marks a function whose work dies with the request that began it: what it gives can then stay pending for ever. */
export function dyingWithItsRequest<Create extends object>(create: Create): Create {
  mortal.add(create);
  return create;
}

/** True of a function that was so marked. */
export function diesWithItsRequest(create: object): boolean {
  return mortal.has(create);
}

/**
 * A function that gives one reranker, made at its first use. A creation that failed is not kept: the next use starts
 * afresh. So it is with one that may be dead; of several that come all the same the first is kept.
 */
export function createOnce<Made extends Pick<Reranker, 'dispose'>, Parameters extends unknown[]>(
  create: (...parameters: Parameters) => Promise<Made>,
  ...parameters: Parameters
): () => Promise<Made> {
  let made: Made | undefined;
  let creation: { promise: Promise<Made>; started: number } | undefined;

  async function make(): Promise<Made> {
    const fresh = await create(...parameters);
    if (!made) made = fresh;
    else await fresh.dispose();
    return made;
  }

  function start(): Promise<Made> {
    const begun = { promise: make(), started: Date.now() };
    creation = begun;
    begun.promise.catch(() => {
      if (creation === begun) creation = undefined;
    });
    return begun.promise;
  }

  return async () => {
    if (made) return made;
    const dead = creation && diesWithItsRequest(create) && Date.now() - creation.started > patienceMilliseconds;
    return creation && !dead ? creation.promise : start();
  };
}
