import { parseArgs } from 'node:util';

/** What is wrong with the command line, for people. */
export class SettingsError extends Error {}

/** The command line of `run.mjs`; throws a SettingsError where it is wrong. */
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
