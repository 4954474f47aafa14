import { readFileSync } from 'node:fs';

/** The most memory that a process ever held, in bytes. */
export function peakBytes(process = 'self') {
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${process}/status`, 'utf8'))[1]) * 1024;
}
