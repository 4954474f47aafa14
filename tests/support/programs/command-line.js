import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { distUrl } from '../paths.js';

const script = fileURLToPath(new URL('cli/main.js', distUrl));

/** A Python program that runs a command on a terminal of 100 columns. It prints standard output and error as one. */
const terminal = `
import fcntl, os, pty, struct, sys, termios
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 100, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    if not piece:
        break
    os.write(1, piece)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

/** Starts `rerank-wasm`. `node` runs it, `nodeOptions` are Node's options, and `stdout` is where it writes. */
export function start(words, { node = process.execPath, environment = {}, nodeOptions = [], stdout = 'pipe' } = {}) {
  const env = { ...process.env, ...environment };
  return spawn(node, [...nodeOptions, script, ...words], { env, stdio: ['pipe', stdout, 'pipe'] });
}

/** Runs `rerank-wasm` to its end with `input` as standard input. Returns its output and exit code. */
export async function run(words, { input = '', ...options } = {}) {
  const child = start(words, options);
  // The program may end before it has read all.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { output, errors, code };
}

/** Runs `rerank-wasm` on a terminal. */
export async function runOnTerminal(words) {
  const child = spawn('python3', ['-c', terminal, process.execPath, script, ...words], {
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { output, code };
}
