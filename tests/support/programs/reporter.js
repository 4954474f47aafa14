import { inspect } from 'node:util';

/**
 * A reporter for `node --test`. It prints failures, and what the tests print themselves. The process that started the
 * runner receives `{ passed, failed, skipped, failures }`. The first three are counts; `failures` are names.
 */
export default async function* report(events) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const path = [];
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type === 'test:start') path.splice(data.nesting, path.length, data.name);
    const problem = count(type, data, counts);
    if (problem === undefined) continue;
    const name = [...path.slice(0, data.nesting), data.name].join(' › ');
    counts.failures.push(name);
    yield `\n✖ ${name}\n${problem}\n`;
  }
  process.send?.(counts);
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

function countPass({ name, file, details, skip, todo }, counts) {
  if (details.type === 'suite') return undefined;
  if (name === file) {
    // Node reports a file without tests as one passed test.
    counts.failed += 1;
    return indent('This file has no test; write one or delete the file.');
  }
  if (skip !== undefined || todo !== undefined) counts.skipped += 1;
  else counts.passed += 1;
  return undefined;
}

function indent(text) {
  return text.replace(/^/gm, '  ');
}
