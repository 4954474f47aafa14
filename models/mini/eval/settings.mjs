import { parseArgs } from 'node:util';

/** The command line of `run.mjs`; throws a TypeError, whose message is for people, where it is wrong. */
export function readSettings(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      model: { type: 'string' },
      only: { type: 'string', default: 'all' },
      json: { type: 'string' },
    },
  });
  if (!['all', 'showcase', 'held-out'].includes(values.only)) {
    throw new TypeError(`--only takes all, showcase or held-out, not ${values.only}`);
  }
  return values;
}
