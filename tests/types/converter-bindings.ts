import type { createBindings as generated } from '#internal/cli/convert/converter-bindings.js';
import type { createBindings as written } from '../../pkg/src/cli/convert/converter-bindings.js';

/** Compiles only if the generated bindings fit those that the command line is written against. */
export function check(bindings: typeof generated): typeof written {
  return bindings;
}
