// jsdom, in which tests may run, removes the global.
import { setImmediate } from 'node:timers';
import { DirectoryCache, defaultDirectory } from '../cache/directory.js';
import type { Platform } from '../engine/platform.js';
import { localFiles, readEngine } from './node-files.js';
import { nodeThreads } from './node-threads.js';

/** Node, Deno and Bun. */
export const nodePlatform: Platform = {
  defaultEngine: readEngine,
  pause: () => new Promise((resolve) => setImmediate(resolve)),
  files: localFiles,
  hubToken,
  threads: nodeThreads,
  caches: {
    preferred: () => new DirectoryCache(defaultDirectory()),
    all: () => [new DirectoryCache(defaultDirectory())],
  },
  directoryCache: (path) => new DirectoryCache(path),
};

function hubToken(): string | undefined {
  try {
    return process.env.HF_TOKEN;
  } catch {
    // Deno may forbid the environment.
    return undefined;
  }
}
