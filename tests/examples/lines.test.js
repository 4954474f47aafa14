import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const mostLines = 30;

/** Counts the lines that are neither empty nor a comment. */
function linesOfCode(text) {
  return text.split('\n').filter((line) => !/^\s*($|\/\/)/.test(line)).length;
}

/** Matches paths that installing, building and running an example leave in its folder. */
const made = /(^|\/)(node_modules|dist|\.next|\.wrangler)\/|^public\/(rerank-wasm-mini\/|wasm\/|service-worker\.js)/;

function codeIn(folder) {
  const names = readdirSync(join(examples, folder), { recursive: true });
  return names.filter((name) => ['.js', '.mjs', '.html'].includes(extname(name)) && !made.test(name));
}

describe('the examples', () => {
  const folders = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory());

  it('are listed', () => {
    const list = readFileSync(join(examples, 'README.md'), 'utf8');
    const listed = Array.from(list.matchAll(/^\| \[`[\w-]+`\]\(([\w-]+)\)/gm), ([, folder]) => folder);
    assert.deepEqual(listed.sort(), folders.map(({ name }) => name).sort());
  });

  for (const { name } of folders) {
    it(`say in a README how ${name} runs, in ${mostLines} lines of code`, () => {
      assert.ok(existsSync(join(examples, name, 'README.md')));
      const files = codeIn(name);
      const text = files.map((file) => readFileSync(join(examples, name, file), 'utf8')).join('\n');
      const lines = linesOfCode(text);
      assert.ok(lines > 0 && lines <= mostLines, `${files.join(', ')}: ${lines} lines of code`);
    });
  }

  it('are each run by a test', () => {
    const tests = fileURLToPath(new URL('..', import.meta.url));
    const names = readdirSync(tests, { recursive: true }).filter(
      (name) => name.endsWith('.test.js') && !name.includes('node_modules') && !name.endsWith('lines.test.js'),
    );
    const texts = names.map((name) => readFileSync(join(tests, name), 'utf8'));
    const isRun = (example) => texts.some((text) => new RegExp(`['/]${example}['/]`).test(text));
    assert.deepEqual(
      folders.filter(({ name }) => !isRun(name)).map(({ name }) => name),
      [],
    );
    assert.ok(!isRun('no-such-example'));
  });

  it('are counted without empty lines and comments', () => {
    assert.equal(linesOfCode("import 'a'; // b\n\n  // c\nrun();\n"), 2);
  });
});
