import { after, before, beforeEach } from 'node:test';

/**
 * Makes the waits before the package's retries a thousand times shorter in the calling suite; gives the list of those
 * of the present test, in milliseconds, as they were asked for.
 */
export function hurry() {
  const { setTimeout } = globalThis;
  const waits = [];
  before(() => {
    globalThis.setTimeout = (callback, milliseconds, ...rest) => {
      if (!new Error().stack.includes('/dist/retry.js')) return setTimeout(callback, milliseconds, ...rest);
      waits.push(milliseconds);
      return setTimeout(callback, milliseconds / 1000, ...rest);
    };
  });
  beforeEach(() => {
    waits.length = 0;
  });
  after(() => {
    globalThis.setTimeout = setTimeout;
  });
  return waits;
}
