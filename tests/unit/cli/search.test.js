import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';

import { createSearch } from 'rerank-wasm/search';

import { help } from '#internal/cli/help.js';
import { findFiles, textEndings } from '#internal/cli/search/folder.js';
import { indexFolder } from '#internal/cli/search/index-folder.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { fakeEmbedder } from '../../support/models/fake-search-models.js';
import { run, runOnTerminal } from '../../support/programs/command-line.js';

const { signal } = new AbortController();

let folder;

/** Writes files below the folder, by path. */
async function write(files) {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

async function useFolder() {
  folder = await mkdtemp(join(tmpdir(), 'rerank-wasm-search-'));
}

const removeFolder = () => rm(folder, { recursive: true });

describe('the index of a folder', () => {
  let embedder;
  let search;
  beforeEach(async () => {
    await useFolder();
    embedder = fakeEmbedder();
    search = await createSearch({ embedder });
  });
  afterEach(removeFolder);

  const update = (path = folder) => indexFolder(search, path, { signal, onProgress: undefined });
  const ids = async () => (await search.documents()).map(({ id }) => id);

  it('holds each text file below it by its path', async () => {
    await write({ 'b.md': 'river', 'a/c.TXT': 'boat', 'a/d.png': 'picture', '.hidden/e.md': 'x', '.f.md': 'x' });
    await write({ 'node_modules/g.md': 'x', 'a/node_modules/h.md': 'x' });
    await symlink(folder, join(folder, 'a/circle'));
    await symlink(join(folder, 'b.md'), join(folder, 'link.md'));
    assert.deepEqual(await update(), { indexed: 2, removed: 0, leftOut: [] });
    assert.deepEqual(await ids(), ['a/c.TXT', 'b.md']);
  });

  it('may be that of one file, whatever its ending', async () => {
    await write({ 'mail.eml': 'a letter about boats', 'other.md': 'x' });
    await update(join(folder, 'mail.eml'));
    assert.deepEqual(await ids(), ['mail.eml']);
  });

  it('follows changes, and embeds only what changed', async () => {
    await write({ 'a.md': 'one', 'b.md': 'two', 'c.md': 'three' });
    await update();
    embedder.embedded.length = 0;
    assert.deepEqual(await update(), { indexed: 0, removed: 0, leftOut: [] });
    await write({ 'b.md': 'second' });
    await rm(join(folder, 'c.md'));
    await rename(join(folder, 'a.md'), join(folder, 'z.md'));
    assert.deepEqual(await update(), { indexed: 2, removed: 2, leftOut: [] });
    assert.deepEqual(
      [(await ids()).sort(), embedder.embedded],
      [
        ['b.md', 'z.md'],
        ['second', 'one'],
      ],
    );
    // A file that was only touched is read and not embedded.
    embedder.embedded.length = 0;
    await utimes(join(folder, 'b.md'), 1, 1);
    assert.deepEqual([(await update()).indexed, embedder.embedded], [1, []]);
  });

  it('has many files, and progress counts them', async () => {
    await write(Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`${index}.txt`, `text ${index}`])));
    const seen = [];
    const onProgress = ({ done, total }) => seen.push(done, total);
    assert.equal((await indexFolder(search, folder, { signal, onProgress })).indexed, 150);
    assert.deepEqual([seen.at(-2), new Set(seen.filter((_, index) => index % 2))], [150, new Set([150])]);
  });

  it('leaves out what is not UTF-8 or too long, with the reason', async () => {
    await write({ 'a.txt': 'text', 'b.txt': Buffer.from([0xff, 0xfe, 0x41]), 'c.txt': 'x'.repeat(5 << 20) });
    const leftOut = ['c.txt has more than 4 MiB', 'b.txt is not text in UTF-8'];
    assert.deepEqual(await update(), { indexed: 1, removed: 0, leftOut });
    await write({ 'a.txt': Buffer.from([0x80]) });
    assert.equal((await update()).removed, 1);
    assert.deepEqual(await ids(), []);
  });

  it('needs a folder that can be read, and stops when it is aborted', async () => {
    await rejectsWith(update(join(folder, 'none')), 'invalid_input', /none cannot be read/);
    await rejectsWith(findFiles(folder, AbortSignal.abort()), 'aborted');
  });
});

describe('rerank-wasm search', () => {
  let cache;
  before(async () => {
    await useFolder();
    cache = await mkdtemp(join(tmpdir(), 'rerank-wasm-cache-'));
    await write({
      'shopping.md': '# Shopping\n\nBuy milk and bread.\n',
      'trips/river.txt': 'Trips\n\nA boat goes down the river to the sea.\n',
      'trips/winter.txt': 'Skis, boots and warm gloves.\n',
    });
  });
  after(async () => {
    await removeFolder();
    await rm(cache, { recursive: true });
  });

  const models = ['--embedder', 'recall', '--model', 'mini'];
  const environment = () => ({ RERANK_WASM_CACHE: cache });
  const searches = (...words) => run(['search', ...models, ...words], { environment: environment() });

  it('prints score, place and passage of the best files, best first', async () => {
    const { output, errors, code } = await searches('How does a boat travel?', folder, '-n', '2');
    assert.deepEqual([errors, code], ['', 0]);
    const rows = output
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    assert.equal(rows.length, 2);
    const [score, place, passage] = rows[0];
    assert.deepEqual([place, passage], ['trips/river.txt:1', 'Trips A boat goes down the river to the sea.']);
    assert.ok(Number(score) > Number(rows[1][0]));
  });

  it('keeps the index, from which JSON tells what each stage says', async () => {
    const [name] = await readdir(join(cache, 'search'));
    assert.match(name, /^[0-9a-f]{24}%20rerank-wasm-search-/);
    const { output } = await searches('boat river', folder, '--json', '--min-score', '0', '-n', '1');
    const { file, line, start, end, text, stages } = JSON.parse(output);
    assert.deepEqual([file, line, start, text.length], ['trips/river.txt', 1, 0, end]);
    assert.deepEqual(Object.keys(stages).sort(), ['fused', 'keywords', 'rerank', 'vectors']);
    assert.deepEqual(await readdir(join(cache, 'search')), [name]);
  });

  it('keeps nothing with --no-cache, and shows a list on a terminal', async () => {
    const empty = join(cache, 'empty');
    await mkdir(empty);
    const words = ['search', '--embedder', 'recall', '--no-rerank', '--no-cache', 'river boat', folder];
    const { code, errors } = await run(words, { environment: { RERANK_WASM_CACHE: empty } });
    assert.deepEqual([code, errors, await readdir(empty)], [0, '', []]);
    const { output } = await runOnTerminal(words);
    const lines = stripVTControlCharacters(output)
      .trimEnd()
      .split(/[\r\n]+/);
    assert.match(lines.at(-4), /1 █{12} 0\.\d{4} {2}trips\/river\.txt:1 +Trips A boat/);
    assert.match(lines.at(-1), /^3 files, 3 passages \(3 indexed, 0 removed\), \d+\.\d\d s$/);
  });

  it('says so where there is nothing to search', async () => {
    const nothing = join(folder, 'nothing');
    await mkdir(nothing);
    const { output, errors, code } = await searches('boats', nothing);
    assert.deepEqual([output, code], ['', 0]);
    assert.match(errors, /^warning: The folder has no text to search; the endings are in search --help\.\n$/);
  });

  const wrong = [
    [[], /query is missing/],
    [[' '], /query is blank/],
    [['q', 'a', 'b'], /one folder/],
    [['q', '--min-score', '2'], /--min-score takes a number from 0 to 1, not "2"/],
    [['q', '--min-score', '0.5', '--no-rerank'], /leave out --no-rerank/],
    [['q', '--top-n', '0'], /--top-n takes a positive integer/],
    [['q', '/none/at/all'], /\/none\/at\/all cannot be read/],
  ];
  for (const [words, message] of wrong) {
    it(`refuses ${JSON.stringify(words)}`, async () => {
      const { output, errors, code } = await searches(...words);
      assert.deepEqual([output, code], ['', 2]);
      assert.match(errors, message);
    });
  }

  it('lists in its help the endings that it reads', () => {
    for (const ending of textEndings) assert.ok(help.search.includes(ending), ending);
  });
});
