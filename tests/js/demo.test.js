import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../scripts/demo.mjs', import.meta.url));
const samples = JSON.parse(await readFile(new URL('../../www/samples.json', import.meta.url), 'utf8'));
const noNetwork = new URL('support/no-network.mjs', import.meta.url).href;

/** Runs the demo as make does; gives what it printed, line by line, and how it ended. */
async function demo({ QUERY = '', FILE = '', MODEL = '' }, options = []) {
  const environment = { ...process.env, QUERY, FILE, MODEL };
  const child = spawn(process.execPath, [...options, script], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { output, errors, code };
}

/** A list as it is printed: the query, its ranked lines as `{ place, bar, score, passage }`, and what comes after. */
function readList(block) {
  const [query, ...lines] = block.split('\n');
  const ranked = lines.map((line) => /^ *(\d+) ([█▏▎▍▌▋▊▉ ]+) (\d\.\d{4}) {2}(.*)$/.exec(line)).filter(Boolean);
  return {
    query,
    rest: lines.slice(ranked.length).join('\n'),
    ranked: ranked.map(([, place, bar, score, passage]) => ({ place, bar, score: Number(score), passage })),
  };
}

describe('the demo', () => {
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function file(name, content) {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  }

  it('ranks its three sample queries, a passage that answers first', async () => {
    const { output, errors, code } = await demo({});
    assert.deepEqual([errors, code], ['', 0]);
    const [totals, ...blocks] = output.trimEnd().split('\n\n').reverse();
    const lists = blocks.reverse().map(readList);
    assert.deepEqual(
      lists.map(({ query }) => query),
      samples.queries.map(({ text }) => text),
    );
    for (const [index, { ranked, rest }] of lists.entries()) {
      assert.equal(ranked.length, 8);
      const scores = ranked.map(({ score }) => score);
      assert.deepEqual(
        scores,
        scores.toSorted((left, right) => right - left),
      );
      assert.ok(ranked[0].bar.trim().length > ranked[7].bar.trim().length);
      const beginning = ranked[0].passage.replace(/…$/, '');
      const best = samples.passages.find(({ text }) => text.startsWith(beginning));
      assert.equal(best?.answers, samples.queries[index].id, beginning);
      assert.match(rest, /and 21 more\n[\d,]+ tokens, 29 passages, \d+\.\d\d s$/);
    }
    assert.match(totals, /^rerank-wasm-mini\nin all +3 queries, 87 pairs, [\d,]+ tokens in \d+\.\d\d s\n/);
    assert.match(totals, /\npeak memory +process \d+ MB, of that the engine's linear memory \d+ MB$/);
  });

  it('ranks all lines of an own file', async () => {
    const FILE = await file('lines.txt', 'A giraffe is tall.\r\n\n  \nParis is the capital of France.\nBerlin\u0007\n');
    const { output, errors, code } = await demo({ QUERY: 'What is the capital of France?', FILE });
    assert.deepEqual([errors, code], ['', 0]);
    const { query, ranked, rest } = readList(output.split('\n\n')[0]);
    assert.equal(query, 'What is the capital of France?');
    assert.equal(ranked[0].passage, 'Paris is the capital of France.');
    assert.deepEqual(ranked.map(({ passage }) => passage).sort(), [
      'A giraffe is tall.',
      'Berlin ',
      'Paris is the capital of France.',
    ]);
    assert.match(rest, /^\d+ tokens, 3 passages, /);
  });

  it('takes a directory as model', async () => {
    const MODEL = fileURLToPath(new URL('../../pkg/mini', import.meta.url));
    const FILE = await file('one.txt', 'Paris');
    const { output, code } = await demo({ QUERY: 'capital', FILE, MODEL });
    assert.equal(code, 0);
    assert.ok(output.includes(`\n${MODEL}\nin all       1 query, 1 pair, `), output);
  });

  const failures = [
    ['a file that is not there', { QUERY: 'q', FILE: '/none/lines.txt' }, /^error: FILE cannot be read: ENOENT.*lines/],
    ['a query without a file', { QUERY: 'q' }, /^error: QUERY is set but FILE is not/],
    ['a file without a query', { FILE: '/none/lines.txt' }, /^error: FILE is set but QUERY is not/],
    ['an unknown model', { MODEL: 'none' }, /^error: model_not_found: .*none.*\nMODEL is bge-reranker-base, a URL or/],
    [
      'a server that does not answer',
      { MODEL: 'http://127.0.0.1:1/' },
      /^error: download_failed: .*fetch failed: .+\nIs there a/,
    ],
  ];

  for (const [what, environment, message] of failures) {
    it(`fails plainly for ${what}`, () => failsPlainly(demo(environment), message));
  }

  it('fails plainly for a file that is not text, or has none', async () => {
    const noise = await file('noise', Buffer.from([0xff, 0xfe, 0x00, 0xd8]));
    await failsPlainly(demo({ QUERY: 'q', FILE: noise }), /^error: .*noise is not text in UTF-8$/);
    const empty = await file('empty', '\n \n');
    await failsPlainly(demo({ QUERY: 'q', FILE: empty }), /^error: .*empty holds no passage/);
  });

  it('says what went wrong where the big model is wanted and there is no network', () =>
    failsPlainly(
      demo({ MODEL: 'bge-reranker-base' }, [`--import=${noNetwork}`]),
      /^error: download_failed: https:\/\/huggingface\.co\/.*ENOTFOUND huggingface\.co.*\nIs there a network here\?/,
    ));
});

async function failsPlainly(run, message) {
  const { output, errors, code } = await run;
  assert.match(errors.trimEnd(), message);
  assert.doesNotMatch(errors, /\n {4}at /);
  assert.deepEqual([output, code], ['', 1]);
}
