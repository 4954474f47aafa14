import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const reporter = new URL('./reporter.js', import.meta.url).href;
const directory = fileURLToPath(new URL('../..', import.meta.url));

/** The limit ends a file that hangs. All others take far less. */
const limitMilliseconds = 20 * 60_000;

/**
 * Runs test files in the Node at `node`, each in a separate process, `concurrency` of them at a time. Returns
 * `{ passed, failed, skipped, failures }`; `failures` are names with the first lines of their errors. With `quiet`,
 * nothing is printed.
 *
 * `node --test` would pass the results through a pipe that it sometimes misreads, and then fail a file though all its
 * tests passed. Here each process counts its own tests.
 */
export async function runFiles(node, files, { concurrency = 1, quiet = false } = {}) {
  const total = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const waiting = [...files];
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { passed, failed, skipped, failures } = await runFile(node, file, quiet);
      total.passed += passed;
      total.failed += failed;
      total.skipped += skipped;
      total.failures.push(...failures);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return total;
}

async function runFile(node, file, quiet) {
  const child = spawn(node, [`--test-reporter=${reporter}`, file], {
    cwd: directory,
    stdio: ['ignore', quiet ? 'ignore' : 'inherit', quiet ? 'ignore' : 'inherit', 'ipc'],
  });
  let counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  child.on('message', (message) => {
    counts = message;
  });
  let hangs = false;
  const limit = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, limitMilliseconds);
  const [code, signal] = await once(child, 'close');
  clearTimeout(limit);
  const problem = problemOf(file, counts, hangs, code, signal);
  if (problem === undefined) return counts;
  if (!quiet) process.stdout.write(`\n✖ ${problem}\n`);
  return { ...counts, failed: counts.failed + 1, failures: [...counts.failures, problem] };
}

/** Returns what is wrong with the run of a file, beside its failed tests. */
function problemOf(file, { passed, failed, skipped }, hangs, code, signal) {
  if (hangs) return `${file} did not end within ${limitMilliseconds / 60_000} minutes.`;
  if (code !== 0 && failed === 0) return `${file} ended with ${signal ?? code}, although none of its tests failed.`;
  if (passed + failed + skipped === 0) return `${file} has no test; write one or delete the file.`;
  return undefined;
}
