import { parseArgs } from 'node:util';

import { RerankError } from 'rerank-wasm';

/** An error of the command line. Its message tells the user what to change. */
class SettingsError extends Error {}

/** Reads the command line of `run.mjs`. Throws a SettingsError for unknown options and values. */
export function readSettings(argv) {
  const options = { model: { type: 'string' }, only: { type: 'string', default: 'all' }, json: { type: 'string' } };
  const { values } = parse(argv, options);
  if (!['all', 'showcase', 'held-out'].includes(values.only)) {
    throw new SettingsError(`--only takes all, showcase or held-out, not ${values.only}`);
  }
  return values;
}

function parse(args, options) {
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new SettingsError(error.message, { cause: error });
  }
}

/** Runs a program. An error that the user can act on becomes its message and the exit code 1. */
export async function runProgram(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof RerankError || error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
