import assert from 'node:assert/strict';
import { RerankError } from 'rerank-wasm';

/** Asserts that `promise` fails with a RerankError of this code and, where a pattern is given, of this message. */
export async function rejectsWith(promise, code, message = /./) {
  const error = await promise.then(
    (value) => assert.fail(`The promise should fail with ${code}; it resolved to ${JSON.stringify(value)}.`),
    (error) => error,
  );
  assert.ok(
    error instanceof RerankError,
    `The promise should fail with a RerankError; it failed with ${error?.stack ?? error}`,
  );
  assert.equal(error.code, code, error.stack);
  assert.match(error.message, message);
  return error;
}

/** Returns the positions of the results, best first. */
export function order(results) {
  return results.map(({ index }) => index);
}
