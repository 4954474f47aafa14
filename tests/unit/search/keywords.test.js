import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { createSearch } from 'rerank-wasm/search';

import { wordsOf } from '#internal/search/keywords.js';

describe('words', () => {
  for (const [text, words] of [
    ['Bake bread, at home!', ['Bake', 'bread', 'at', 'home']],
    ['naïve–jalapeños\u00a0“x”', ['naïve', 'jalapeños', 'x']],
    ['東京は日本', ['東京', '京は', 'は日', '日本']],
    ['C言語 入門v2', ['言語', 'C', '入門', 'v2']],
    ['水', ['水']],
    [' … ', []],
  ]) {
    it(`of ${JSON.stringify(text)}`, () => assert.deepEqual(wordsOf(text), words));
  }

  it('without spaces between them are found', async () => {
    const search = await createSearch({});
    await search.add([
      { id: 'tokyo', text: '東京は日本の首都です。' },
      { id: 'paris', text: 'パリはフランスの首都です。' },
    ]);
    assert.equal((await search.search('日本の首都'))[0].id, 'tokyo');
    await search.update([{ id: 'tokyo', text: 'Tokyo' }]);
    assert.deepEqual((await search.search('日本')).length, 0);
  });
});

describe('common words', () => {
  it('do not count beside others in a large index, and count alone', async () => {
    const search = await createSearch({});
    const documents = Array.from({ length: 1001 }, (_, index) => ({ id: `${index}`, text: `the number ${index}` }));
    await search.add([...documents, { id: 'cat', text: 'a cat sleeps' }]);
    assert.deepEqual(
      (await search.search('the Cat')).map(({ id }) => id),
      ['cat'],
    );
    assert.equal((await search.search('the dog', { limit: 5 })).length, 5);
    assert.equal((await search.search('the')).length, 10);
    await search.remove(['0']);
    // With a thousand passages the word is common no more.
    assert.equal((await search.search('the cat', { limit: 5 })).length, 5);
  });
});

describe('without MiniSearch', () => {
  /** Runs a script in a process that cannot find it. */
  async function run(script) {
    const hooks = `export async function resolve(name, context, next) {
      if (name === 'minisearch') throw new Error("Cannot find package 'minisearch'");
      return next(name, context);
    }`;
    const models = new URL('../../support/models/fake-search-models.js', import.meta.url);
    const source = `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
      const { createSearch } = await import('rerank-wasm/search');
      const { fakeEmbedder } = await import('${models}');
      ${script}`;
    const cwd = fileURLToPath(new URL('.', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], { cwd });
    return stdout;
  }

  it('a search without an embedder says what to install', async () => {
    const output = await run(`createSearch({}).catch(({ code, message }) => console.log(code, message))`);
    assert.match(output, /^unsupported_environment MiniSearch cannot be loaded: .*; run `npm install minisearch`/);
  });

  it('a search with an embedder finds by vectors', async () => {
    const output = await run(`
      const search = await createSearch({ embedder: fakeEmbedder() });
      await search.add([{ id: 'a', text: 'one thing' }, { id: 'b', text: 'another text' }]);
      for await (const hits of search.stream('another')) console.log(JSON.stringify(hits[0]));`);
    const { id, stages } = JSON.parse(output);
    assert.deepEqual([id, Object.keys(stages)], ['b', ['vectors']]);
  });
});
