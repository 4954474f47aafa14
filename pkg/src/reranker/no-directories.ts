import { RerankError } from '../common/errors.js';

/** `directoryCache` where there are no directories: it is exported all the same, so that one program serves everywhere. */
export function noDirectories(_path: string): never {
  throw new RerankError('unsupported_environment', 'directoryCache needs Node, Deno or Bun');
}
