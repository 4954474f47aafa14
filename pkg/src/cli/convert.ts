import { RerankError } from '../errors.js';
import type { Command } from './command.js';

/**
 * The word of the native converter, which is not in this package; it would be taken for a query.
 *
 * @throws `invalid_input`
 */
export const convert: Command = async () => {
  const native = 'cargo run --release --features cli -- convert';
  const reason = `convert is not in the npm package; in the repository of rerank-wasm: ${native}`;
  throw new RerankError('invalid_input', `${reason} (to rank with the query "convert", begin with --)`);
};
