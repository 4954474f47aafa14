import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects all garbage of this process. */
export const collectGarbage = globalThis.Bun ? () => globalThis.Bun.gc(true) : exposedByV8();

function exposedByV8() {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}
