import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const reporter = new URL('./reporter.js', import.meta.url).href;
const directory = fileURLToPath(new URL('../..', import.meta.url));

/** The limit ends tests that hang. All others take far less. */
const limitMilliseconds = 20 * 60_000;

/** Runs test files in the Node at `node`. Returns `{ passed, failed, skipped, failures }`; `failures` are names. */
export async function runFiles(node, files, { concurrency = 1 } = {}) {
  const options = [`--test-concurrency=${concurrency}`, `--test-timeout=${limitMilliseconds}`];
  const runner = spawn(node, ['--test', ...options, `--test-reporter=${reporter}`, ...files], {
    cwd: directory,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  runner.on('message', (message) => {
    counts = message;
  });
  const [code, signal] = await once(runner, 'close');
  if (code === 0 || counts.failed > 0) return counts;
  const end = `The test runner ended with ${signal ?? code}, although no test failed.`;
  process.stdout.write(`${end}\n`);
  return { ...counts, failed: 1, failures: [end] };
}
