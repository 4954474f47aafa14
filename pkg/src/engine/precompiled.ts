import type { ThreadWish } from '../common/choices.js';
import type { Platform } from './platform.js';
import { chooseThreads } from './thread-count.js';

/** An engine that one thread compiled for another. */
export interface Precompiled {
  /** True for the engine with threads. */
  threaded: boolean;
  module: WebAssembly.Module;
}

/** Compiles the engine that `startEngine` would take; undefined if that fails, which the start then reports. */
export async function precompile(threads: ThreadWish, platform: Platform): Promise<Precompiled | undefined> {
  const support = platform.threads;
  try {
    const threaded = typeof support === 'object' && chooseThreads(threads, support).count > 1;
    const module = threaded ? await support.engine(undefined) : await platform.defaultEngine(undefined);
    return { threaded, module };
  } catch {
    return undefined;
  }
}

/** Returns the platform with an engine that is compiled already. */
export function withPrecompiled(platform: Platform, precompiled: Precompiled | undefined): Platform {
  if (!precompiled) return platform;
  const { threaded, module } = precompiled;
  const engine = async () => module;
  if (!threaded) return { ...platform, defaultEngine: engine };
  return typeof platform.threads === 'object' ? { ...platform, threads: { ...platform.threads, engine } } : platform;
}
