import { after, before, beforeEach } from 'node:test';

/** Longer waits than this are limits that no test comes near; they stay as they are. */
const limitMilliseconds = 60_000;

/** Makes the waits of the calling suite's code a thousand times shorter; gives the list of those of the present test. */
export function hurry() {
  const { setTimeout } = globalThis;
  const waits = [];
  before(() => {
    globalThis.setTimeout = (callback, milliseconds, ...rest) => {
      if (!(milliseconds < limitMilliseconds)) return setTimeout(callback, milliseconds, ...rest);
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
