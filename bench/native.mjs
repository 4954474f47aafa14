import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs the native command line, which scripts/bench.sh builds, and returns its lines. */
export async function native(...args) {
  const { stdout } = await promisify(execFile)(process.env.RERANK_NATIVE, args, { maxBuffer: 1 << 26 });
  return stdout.trim().split('\n');
}
