import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createSearch } from 'rerank-wasm/search';

import { fakeEmbedder } from '../../support/models/fake-search-models.js';

const program = fileURLToPath(new URL('../../support/programs/add-documents.mjs', import.meta.url));
const kills = 20;

describe('an index of a process that is killed', () => {
  let directory;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** Lets a process change the index until it has printed so many lines, and a few milliseconds longer. */
  async function change(round, lines) {
    const child = spawn(process.execPath, [program, directory, `${round}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    let printed = 0;
    child.stdout.on('data', (chunk) => {
      const before = printed;
      printed += `${chunk}`.split('\n').length - 1;
      if (before < lines && printed >= lines) setTimeout(() => child.kill('SIGKILL'), Math.random() * 20);
    });
    const [, signal] = await ended;
    assert.equal(signal, 'SIGKILL', `the process ended by itself after ${printed} changes`);
  }

  it('has each document whole or not at all', async () => {
    for (let round = 0; round < kills; round += 1) {
      await change(round, 1 + Math.floor(Math.random() * 40));
      const embedder = fakeEmbedder();
      const search = await createSearch({ embedder, name: 'notes', directory, chunkTokens: 16, overlap: 0 });
      const { documents, chunks } = await search.statistics();
      assert.ok(documents > 0);
      const hits = await search.search('document', { limit: 100, candidates: 10_000 });
      assert.equal(hits.length, documents);
      let expected = 0;
      for (const { id, document } of hits) {
        assert.equal(document.id, id);
        assert.equal(document.text, document.words.repeat(document.times));
        expected += Math.ceil((document.times * 5) / 16);
      }
      assert.equal(chunks, expected);
      // The vectors of all documents were in the files: only the probes and the query were embedded.
      assert.equal(embedder.embedded.length, 3);
      await search.dispose();
      const names = await readdir(join(directory, 'notes'));
      assert.deepEqual(
        names.filter((name) => !name.endsWith('.segment')),
        [],
      );
      assert.ok(names.length <= 65, `${names.length} segments`);
    }
  });
});
