import { readFile } from 'node:fs/promises';

import { engineUrl } from './paths.js';

const memorySection = 5;

/** The engine with a memory that can grow to `pages` of 64 KiB and no further. */
export async function engineWithMemoryLimit(pages) {
  const bytes = await readFile(engineUrl);
  for (let start = 8; start < bytes.length; ) {
    const size = readNumber(bytes, start + 1);
    const end = size.next + size.value;
    if (bytes[start] === memorySection) {
      const minimum = readNumber(bytes, size.next + 2);
      const limits = [1, 1, ...writeNumber(minimum.value), ...writeNumber(pages)];
      return Buffer.concat([
        bytes.subarray(0, start),
        Buffer.from([memorySection, ...writeNumber(limits.length), ...limits]),
        bytes.subarray(end),
      ]);
    }
    start = end;
  }
  throw new Error('the engine has no memory section');
}

/** Reads an unsigned LEB128 number. */
function readNumber(bytes, start) {
  let value = 0;
  for (let index = start, factor = 1; ; index += 1, factor *= 128) {
    value += (bytes[index] & 127) * factor;
    if (bytes[index] < 128) return { value, next: index + 1 };
  }
}

/** Writes an unsigned LEB128 number. */
function writeNumber(value) {
  return value < 128 ? [value] : [(value % 128) + 128, ...writeNumber(Math.floor(value / 128))];
}
