import type { createBindings as generated } from '#internal/wasm/bindings.js';
import type { createBindings as written } from '../../pkg/src/wasm/bindings.js';

/** Compiles only if the generated bindings fit those that the package is written against. */
export function check(bindings: typeof generated): typeof written {
  return bindings;
}
