import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { useChromium } from '../support/browsers/chromium.js';
import { useProject } from '../support/programs/packed.js';

const template = fileURLToPath(new URL('../../examples/search-pglite', import.meta.url));

/** What a bundler would find for the names that the example imports. */
const imports = {
  '@electric-sql/pglite': './node_modules/@electric-sql/pglite/dist/index.js',
  '@electric-sql/pglite-pgvector': './node_modules/@electric-sql/pglite-pgvector/dist/index.js',
  'rerank-wasm': './node_modules/rerank-wasm/dist/index.js',
  'rerank-wasm/search': './node_modules/rerank-wasm/dist/search.js',
  'rerank-wasm-mini': './node_modules/rerank-wasm-mini/index.js',
  'rerank-wasm-recall': './node_modules/rerank-wasm-recall/index.js',
};

describe('the example that searches with PGlite and pgvector, in a page', () => {
  const project = useProject({ template, recall: true, prepare: writePage });
  const chromium = useChromium({ folders: { '/project/': project.directory } });

  function writePage(directory) {
    const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
    writeFileSync(join(directory, 'page.html'), `<!doctype html><link rel="icon" href="data:,">${map}`);
  }

  it('prints what its README shows, from a Postgres in the page', async () => {
    // The site's policy allows no import map but its own.
    const { page, complaints, close } = await chromium.open('/project/page.html', { bypassCSP: true });
    const printed = page.waitForEvent('console', (message) => message.type() === 'log');
    await page.addScriptTag({ type: 'module', url: './index.js' });
    const [, shown] = /```text\n(.*?)\n```/s.exec(readFileSync(join(project.directory, 'README.md'), 'utf8'));
    assert.equal((await printed).text(), shown);
    assert.deepEqual(complaints, []);
    await close();
  });
});
