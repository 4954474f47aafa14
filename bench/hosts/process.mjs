// A contestant in a process of Node.
import { readFileSync } from 'node:fs';

import { answering } from './answer.mjs';

/** The most memory that the process ever held, in bytes. */
function peakBytes() {
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
}

const answer = answering({ peakBytes });
process.on('message', async (call) => process.send(await answer(call)));
