/** Returns for how many threads a browser's device has memory: two for each gigabyte that it admits to. */
export function memoryForThreads(): number {
  const { navigator } = globalThis;
  return navigator && 'deviceMemory' in navigator
    ? Math.floor(2 * Number(navigator.deviceMemory))
    : Number.POSITIVE_INFINITY;
}
