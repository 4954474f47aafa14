import { after, before, beforeEach } from 'node:test';

import { shortenWaits } from './short-waits.js';

/**
 * Divides the waits before the package's retries by 1,000 in the calling suite. Returns the list of the current test's
 * original waits, in milliseconds.
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
