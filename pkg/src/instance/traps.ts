/**
 * True for what an engine throws that has no memory. A panic is reported; what still ends in `unreachable` is the
 * allocator, which cannot allocate a report.
 */
export function isOutOfMemory(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return /unreachable/i.test(error.message);
  return error instanceof Error && 'code' in error && error.code === 'out_of_memory';
}
