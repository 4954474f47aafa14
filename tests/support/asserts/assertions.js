import assert from 'node:assert/strict';
import { RerankError } from 'rerank-wasm';

/** Asserts that `promise` fails with a RerankError of this code, and of this message where a pattern is given. */
export async function rejectsWith(promise, code, message = /./) {
  const error = await promise.then(
    (value) => assert.fail(`expected ${code}, got ${JSON.stringify(value)}`),
    (error) => error,
  );
  assert.ok(error instanceof RerankError, `not a RerankError: ${error?.stack}`);
  assert.equal(error.code, code, error.stack);
  assert.match(error.message, message);
  return error;
}

/** The positions of the results, best first. */
export function order(results) {
  return results.map(({ index }) => index);
}
