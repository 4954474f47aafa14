import { freemem, totalmem } from 'node:os';

/** The part of Deno's global object that this file uses. */
interface Deno {
  permissions: { querySync(permission: { name: 'sys'; kind: 'systemMemoryInfo' }): { state: string } };
}

/** Bytes that can be allocated without swapping; infinite if the system does not say. */
export function availableBytes(): number {
  const { Deno } = globalThis as { Deno?: Deno };
  // Deno would prompt the user for a permission that is not granted yet.
  const known = !Deno || Deno.permissions.querySync({ name: 'sys', kind: 'systemMemoryInfo' }).state === 'granted';
  if (!known) return Number.POSITIVE_INFINITY;
  // macOS reports only memory that was never used as free: next to nothing on a machine that has run for a while.
  if (process.platform === 'darwin') return totalmem();
  // A container's limit counts in full. Its free part is unknown, because files that it has read count as used.
  return Math.min(process.constrainedMemory?.() || Number.POSITIVE_INFINITY, freemem());
}
