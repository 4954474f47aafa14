import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const mostLines = 30;

/** Examples with two entries, of which a newcomer copies one: the files of each entry. */
const variants = {
  'cloudflare-worker-bundle': [
    ['index.js', 'limits.js'],
    ['from-bucket.js', 'limits.js'],
  ],
};

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
      const copied = variants[name] ?? [codeIn(name)];
      assert.deepEqual([...new Set(copied.flat())].sort(), codeIn(name).sort());
      for (const files of copied) {
        const text = files.map((file) => readFileSync(join(examples, name, file), 'utf8')).join('\n');
        const lines = linesOfCode(text);
        assert.ok(lines > 0 && lines <= mostLines, `${files.join(', ')}: ${lines} lines of code`);
      }
    });
  }

  it('are counted without empty lines and comments', () => {
    assert.equal(linesOfCode("import 'a'; // b\n\n  // c\nrun();\n"), 2);
  });
});
