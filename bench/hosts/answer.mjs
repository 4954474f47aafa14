// Runs on the far side of a host and answers calls to one contestant, one after the other.

/** Returns a function that answers `{ method, argument }`. The first method is `load`; the others are the contestant's. */
export function answering(extra = {}) {
  let contestant;
  return async ({ method, argument }) => {
    try {
      if (method === 'load') {
        const { load } = await import(argument.contestant);
        contestant = await load(argument);
        return { value: contestant.loaded };
      }
      return { value: await (extra[method] ?? contestant[method])(argument) };
    } catch (error) {
      return { error: String(error?.stack ?? error) };
    }
  };
}
