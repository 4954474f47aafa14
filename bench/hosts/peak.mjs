import { readFileSync } from 'node:fs';

/** Returns the peak memory of a process, in bytes. */
export function peakBytes(process = 'self') {
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${process}/status`, 'utf8'))[1]) * 1024;
}
