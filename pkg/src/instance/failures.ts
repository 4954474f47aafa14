import { messageOf, RerankError } from '../common/errors.js';

/** The failure for a policy that forbids WebAssembly; undefined where `cause` is another. */
export function policyError(cause: unknown): RerankError | undefined {
  const message = messageOf(cause);
  const forbidden = /disallowed|blocked|content security|unsafe-eval/i.test(message);
  if (!(cause instanceof WebAssembly.CompileError) || !forbidden) return undefined;
  const advice =
    "allow 'wasm-unsafe-eval' in the content security policy or, where only imports are compiled, pass a WebAssembly.Module as `wasm`";
  return new RerankError('unsupported_environment', `WebAssembly may not run here (${message}); ${advice}`, { cause });
}

/**
 * True for what an engine throws that has no memory. A panic is reported; what still ends in `unreachable` is the
 * allocator, which cannot allocate a report.
 */
export function isOutOfMemory(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return /unreachable/i.test(error.message);
  return error instanceof Error && 'code' in error && error.code === 'out_of_memory';
}
