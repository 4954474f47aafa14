#!/usr/bin/env node
import { constants } from 'node:os';

import { RerankError } from '../common/errors.js';
import { cache } from './cache.js';
import { type Command, exitCodes } from './command.js';
import { convert } from './convert/command.js';
import { models } from './models.js';
import { explain } from './output.js';
import { useProxies } from './proxies.js';
import { rank } from './rank.js';
import { search } from './search/command.js';
import { verify } from './verify/command.js';

const commands: ReadonlyMap<string | undefined, Command> = new Map([
  ['search', search],
  ['verify', verify],
  ['models', models],
  ['cache', cache],
  ['convert', convert],
]);

/** The first signal of a kind aborts the command; Node's default applies to the second one. */
const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    process.exitCode = 128 + constants.signals[name];
    controller.abort(name);
  });
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader has closed the pipe, as `head` does.
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`${explain(error)}\n`);
  process.exit(exitCodes.failed);
});
process.stderr.on('error', () => {});

const [first, ...rest] = process.argv.slice(2);
const command = commands.get(first);
try {
  await useProxies();
  const code = await (command ? command(rest, controller.signal) : rank(process.argv.slice(2), controller.signal));
  process.exitCode ??= code;
} catch (error) {
  if (!controller.signal.aborted) {
    process.stderr.write(`${explain(error)}\n`);
    const misused = error instanceof RerankError && error.code === 'invalid_input';
    process.exitCode = misused ? exitCodes.misused : exitCodes.failed;
  }
}
