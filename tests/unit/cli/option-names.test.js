import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { cache } from '#internal/cli/cache.js';
import { convert } from '#internal/cli/convert/command.js';
import { help } from '#internal/cli/help.js';
import { models } from '#internal/cli/models.js';
import { rank } from '#internal/cli/rank.js';
import { search } from '#internal/cli/search/command.js';
import { verify } from '#internal/cli/verify/command.js';

const commands = { rank, search, verify, models, cache, convert };
const { signal } = new AbortController();

const refusalOf = async (command, words) => {
  const error = await command(words, signal).then(
    () => assert.fail('no error'),
    (error) => error,
  );
  assert.equal(error.code, 'invalid_input');
  return error.message;
};

/** Doubles a letter in the middle. */
function misspelt(name) {
  const middle = name.length >> 1;
  return name.slice(0, middle) + name.slice(middle - 1);
}

/** The options of each command: the refusal of a name that is like no other lists them all. */
const options = new Map();
for (const [name, command] of Object.entries(commands)) {
  const message = await refusalOf(command, ['--q_q_q_q_q']);
  const [, list] = /^--q_q_q_q_q is not an option; the options are (.*)\. See --help\.$/.exec(message);
  options.set(
    name,
    list.split(', ').map((option) => option.slice(2)),
  );
}

describe('no option of the command line is ignored', () => {
  it('so every command is in this test', () => assert.deepEqual(Object.keys(commands), Object.keys(help)));

  for (const [name, command] of Object.entries(commands)) {
    it(`${name} has options`, () => assert.ok(options.get(name).includes('help')));
    for (const option of options.get(name)) {
      it(`${name} refuses --${misspelt(option)} and means --${option}`, async () => {
        const refusal = await refusalOf(command, [`--${misspelt(option)}`, 'value']);
        assert.equal(refusal, `--${misspelt(option)} is not an option; did you mean --${option}? See --help.`);
      });
      it(`${name} describes --${option} in its help`, () => {
        assert.match(`${help[name]} --help`, new RegExp(`--${option}\\b`));
      });
    }
  }
});
