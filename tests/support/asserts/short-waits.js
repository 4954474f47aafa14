/**
 * Divides the waits before the package's retries by 1,000. Adds the length of each original wait, in milliseconds, to
 * `waits`. Returns a function that ends this.
 */
export function shortenWaits(waits) {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (callback, milliseconds, ...rest) => {
    if (!new Error().stack.includes('/dist/files/retry.js')) return setTimeout(callback, milliseconds, ...rest);
    waits.push(milliseconds);
    return setTimeout(callback, milliseconds / 1000, ...rest);
  };
  return () => {
    globalThis.setTimeout = setTimeout;
  };
}
