import { after, before, beforeEach } from 'node:test';

import { shortenWaits } from './short-waits.js';

/**
 * Makes the waits before the package's retries a thousand times shorter in the calling suite; gives the list of those
 * of the present test, in milliseconds, as they were asked for.
 */
export function hurry() {
  const waits = [];
  let restore;
  before(() => {
    restore = shortenWaits(waits);
  });
  beforeEach(() => {
    waits.length = 0;
  });
  after(() => restore());
  return waits;
}
