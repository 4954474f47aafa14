import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { listOf, packages, publishedFiles } from '../../scripts/published-files.mjs';

describe('npm publish', () => {
  for (const [name, folder] of Object.entries(packages)) {
    it(`takes the files of ${name} that its list has, and no others`, () => {
      const listed = readFileSync(listOf(name), 'utf8').trimEnd().split('\n');
      const published = publishedFiles(folder);
      const added = published.filter((path) => !listed.includes(path));
      const missing = listed.filter((path) => !published.includes(path));
      const renew =
        'the files to publish are not those of the list; if that is right, run node scripts/published-files.mjs';
      assert.deepEqual({ added, missing }, { added: [], missing: [] }, renew);
    });
  }

  it('takes what package.json and npm name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rerank-wasm-'));
    try {
      const files = { 'package.json': '{"name":"a","version":"1.0.0","files":["b.js"]}', 'b.js': '', 'c.js': '' };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      assert.deepEqual(publishedFiles(`${folder}/`), ['b.js', 'package.json']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
