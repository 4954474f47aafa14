import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { node } from '../paths.mjs';

/** Starts a contestant in a new process. */
export async function startInNode(settings) {
  const child = fork(fileURLToPath(new URL('process.mjs', import.meta.url)), [], {
    execPath: node,
    execArgv: [],
    serialization: 'advanced',
  });
  let settle = () => {};
  child.on('message', (answer) => settle(answer));
  child.on('exit', (code, signal) =>
    settle({ error: `The process of ${settings.contestant} ended with ${code ?? signal} before it answered.` }),
  );
  async function call(method, argument) {
    const answer = new Promise((resolve) => {
      settle = resolve;
    });
    child.send({ method, argument });
    const { value, error } = await answer;
    if (error) throw new Error(error);
    return value;
  }
  async function stop() {
    const exit = once(child, 'exit');
    child.kill();
    await exit;
  }
  try {
    return { loaded: await call('load', settings), call, peakBytes: () => call('peakBytes'), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
