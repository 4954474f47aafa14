import { pause } from '../common/pause.js';

/** Work goes on for so many milliseconds before other work has its turn: less than a frame. */
const longest = 12;

/** Returns a function that lets other work run, if this one went on for long. */
export function breaks(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    // An isolate has no messages, and nothing beside this work.
    if (performance.now() - last < longest || typeof MessageChannel === 'undefined') return;
    await pause();
    last = performance.now();
  };
}
