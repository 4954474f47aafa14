import { freemem, totalmem } from 'node:os';

/** The part of Deno's global object that is used here. */
interface Deno {
  permissions: { querySync(permission: { name: 'sys'; kind: 'systemMemoryInfo' }): { state: string } };
}

/** Bytes that can be had without swapping; infinite where that cannot be known. */
export function availableBytes(): number {
  const { Deno } = globalThis as { Deno?: Deno };
  // Nobody is to be asked for a permission for this.
  const known = !Deno || Deno.permissions.querySync({ name: 'sys', kind: 'systemMemoryInfo' }).state === 'granted';
  if (!known) return Number.POSITIVE_INFINITY;
  // macOS calls free only what nobody has used yet, which is next to nothing on a machine that has run for a while.
  if (process.platform === 'darwin') return totalmem();
  // A container has its own limit; what is free of that is not to be had, as the files that it has read count as used.
  return Math.min(process.constrainedMemory?.() || Number.POSITIVE_INFINITY, freemem());
}
