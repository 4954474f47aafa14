import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache =
  process.env.RERANK_WASM_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rerank-wasm');

/** The root of the Debian 13 that `scripts/webkit-next.sh` installs. */
export const nextRoot = join(cache, 'webkit-trixie');

/** Returns why the WebKit of Debian 13 cannot run here; undefined if it can. */
export function lacksWebKitNext() {
  if (process.getuid?.() !== 0) return 'a browser in a chroot needs root';
  if (!existsSync(nextRoot)) return `${nextRoot} is missing, and scripts/webkit-next.sh makes it or says why it cannot`;
  return undefined;
}
