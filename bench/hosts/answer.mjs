// The far side of a host: answers calls to one contestant, one after the other.

/** Gives a function that answers `{ method, settings }`: `load` first, then what the contestant has. */
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
