// Runs a contestant in a process of Node.
import { answering } from './answer.mjs';
import { peakBytes } from './peak.mjs';

const answer = answering({ peakBytes: () => peakBytes() });
process.on('message', async (call) => process.send(await answer(call)));
