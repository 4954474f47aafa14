// jsdom, in which tests may run, removes the global.
import { setImmediate } from 'node:timers';
import { DirectoryCache, defaultDirectory } from '../cache/directory.js';
import type { Platform } from '../engine/platform.js';
import { localFiles, readEngine } from './node-files.js';
import { nodeThreads } from './node-threads.js';
import { proxyAdvice } from './proxy.js';

/** Node, Deno and Bun. */
export const nodePlatform: Platform = {
  defaultEngine: readEngine,
  pause: () => new Promise((resolve) => setImmediate(resolve)),
  files: localFiles,
  environment,
  proxyAdvice,
  threads: nodeThreads,
  caches: {
    preferred: () => new DirectoryCache(defaultDirectory()),
    all: () => [new DirectoryCache(defaultDirectory())],
  },
  directoryCache: (path) => new DirectoryCache(path),
};

function environment(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    // Deno may forbid the environment.
    return undefined;
  }
}
