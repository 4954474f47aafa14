import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const collect = globalThis.Bun ? () => globalThis.Bun.gc(true) : exposedByV8();

/** Collects all garbage of this process. The pauses let running work release its objects. */
export async function collectGarbage() {
  for (let round = 0; round < 5; round += 1) {
    await sleep(10);
    collect();
  }
}

function exposedByV8() {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}
