import { messageOf, RerankError } from '../common/errors.js';

/** What is wrong with a file that the words name and that cannot be read. */
export function unreadable(path: string, cause: unknown): RerankError {
  return new RerankError('invalid_input', `cannot read ${path}: ${messageOf(cause)}`, { cause });
}
