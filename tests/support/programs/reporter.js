import { inspect } from 'node:util';

/** So many lines of an error show what a comparison found. */
const shownLines = 15;

/**
 * A reporter for a test file that Node runs. It prints failures. The process that started the file receives
 * `{ passed, failed, skipped, failures }`. The first three are counts; `failures` are names, each with the first lines
 * of its error.
 */
export default async function* report(events) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const path = [];
  process.on('uncaughtExceptionMonitor', tell).on('unhandledRejection', tell);
  for await (const { type, data } of events) {
    // What a test left behind threw after its end.
    if (type === 'test:diagnostic' && /\b(Error|Warning):/.test(data.message)) yield `${data.message}\n`;
    if (type === 'test:start') path.splice(data.nesting, path.length, data.name);
    const problem = count(type, data, counts);
    if (problem === undefined) continue;
    const name = [...path.slice(0, data.nesting), data.name].join(' › ');
    counts.failures.push(`${name}\n${problem.split('\n', shownLines).join('\n')}`);
    yield `\n✖ ${name}\n${problem}\n`;
  }
  process.send?.(counts);
}

/** Prints what was thrown outside any test. Node fails the file for it, and would not always say why. */
function tell(error) {
  process.stderr.write(`thrown outside a test: ${error?.stack ?? inspect(error)}\n`);
}

/** Counts an event. Returns the text to print if it is a failure. */
function count(type, data, counts) {
  if (type === 'test:pass') return countPass(data, counts);
  if (type !== 'test:fail') return undefined;
  const { error, type: kind } = data.details;
  if (kind === 'suite' && error.failureType === 'subtestsFailed') return undefined;
  counts.failed += 1;
  const cause = error.cause ?? error;
  return indent(cause.stack ?? inspect(cause));
}

function countPass({ details, skip, todo }, counts) {
  if (details.type === 'suite') return undefined;
  if (skip !== undefined || todo !== undefined) counts.skipped += 1;
  else counts.passed += 1;
  return undefined;
}

function indent(text) {
  return text.replace(/^/gm, '  ');
}
