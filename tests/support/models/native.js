import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs the native command line with these arguments. Returns its output. */
export async function native(...args) {
  const path = process.env.RERANK_WASM_NATIVE;
  assert.ok(path, 'RERANK_WASM_NATIVE is not set; run the tests with scripts/test.sh, which sets it.');
  return (await run(path, args)).stdout;
}
