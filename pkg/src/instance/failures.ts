import { messageOf, RerankError } from '../common/errors.js';

/** Returns the failure for a policy that forbids WebAssembly; undefined if `cause` is another failure. */
export function policyError(cause: unknown): RerankError | undefined {
  const message = messageOf(cause);
  const forbidden = /disallowed|blocked|content security|unsafe-eval/i.test(message);
  if (!(cause instanceof WebAssembly.CompileError) || !forbidden) return undefined;
  const found = `A policy forbids WebAssembly here (${message})`;
  const advice =
    "allow 'wasm-unsafe-eval' in the content security policy, or pass an imported WebAssembly.Module as `wasm`";
  return new RerankError('unsupported_environment', `${found}; ${advice}.`, { cause });
}

/**
 * True for an error of an instance that has no memory left. Panics arrive with a report. The allocator cannot allocate
 * one and ends in `unreachable`.
 */
export function isOutOfMemory(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return /unreachable/i.test(error.message);
  return error instanceof Error && 'code' in error && error.code === 'out_of_memory';
}
