import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';

import { mean, ndcg, order, reciprocalRank } from '../../models/mini/eval/metrics.mjs';
import { readCorpora, readHeldOut, readShowcase } from '../../models/mini/eval/sets.mjs';
import { summarise, summariseByLength } from '../../models/mini/eval/summary.mjs';
import { measure } from '../../models/mini/eval/two-stages.mjs';
import { windows } from '../../models/mini/eval/windows.mjs';

const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
const countWords = (text) => text.split(/\s+/).length;

describe('what the small model is measured by', () => {
  it('orders by score, ties by index', () => {
    assert.deepEqual(order([1, 3, 2, 3]), [1, 3, 2, 0]);
  });

  it('counts places from one', () => {
    assert.equal(reciprocalRank([4, 2, 7], [7]), 1 / 3);
    assert.equal(reciprocalRank([4, 2, 7], [7, 2]), 1 / 2);
    assert.equal(reciprocalRank([4, 2, 7], [9]), 0);
  });

  it('discounts by the logarithm of the place, against the best order there can be', () => {
    near(ndcg([5, 1], [5]), 1);
    near(ndcg([1, 5], [5]), 1 / Math.log2(3));
    near(ndcg([5, 1, 6], [5, 6]), (1 + 1 / Math.log2(4)) / (1 + 1 / Math.log2(3)));
    near(ndcg([...Array(10).keys(), 99], [99]), 0);
    near(ndcg([1, 5], [5, 6], 1), 0);
    near(mean([1, 2, 6]), 3);
  });

  it('tells short passages from long ones', () => {
    const tasks = [
      { relevant: [1], isLong: false },
      { relevant: [0], isLong: true },
      { relevant: [0], isLong: true },
    ];
    const scores = [
      [1, 2],
      [1, 2],
      [2, 1],
    ];
    assert.equal(summarise(tasks, scores).first, 2);
    const parts = summariseByLength(tasks, scores).map(({ length, queries, mrr }) => ({ length, queries, mrr }));
    assert.deepEqual(parts, [
      { length: 'short', queries: 1, mrr: 1 },
      { length: 'long', queries: 2, mrr: 0.75 },
    ]);
  });

  it('cuts windows that cover a text and overlap', () => {
    const words = [...Array(200).keys()].map(String);
    const cut = windows(words.join(' ')).map((text) => text.split(' '));
    assert.deepEqual(
      cut.map((window) => [window[0], window.at(-1)]),
      [
        ['0', '84'],
        ['70', '154'],
        ['140', '199'],
      ],
    );
    assert.deepEqual(windows('a few words'), ['a few words']);
    assert.equal(windows(words.slice(0, 85).join(' ')).length, 1);
  });
});

describe('the showcase', () => {
  it('has 100 questions, each with one answer and four others, all of them different', async () => {
    const { tasks } = await readShowcase();
    assert.equal(tasks.length, 100);
    assert.equal(new Set(tasks.map(({ query }) => query)).size, 100);
    const passages = tasks.flatMap(({ passages }) => passages);
    assert.equal(passages.length, 500);
    for (const { query, passages, relevant } of tasks) {
      assert.equal(new Set(passages).size, 5, query);
      assert.deepEqual(relevant, [4]);
    }
    // Only the answers must differ: two questions may share a wrong passage.
    assert.equal(new Set(tasks.map(({ passages }) => passages[4])).size, 100);
  });

  it('has short and long passages, and others as long as the answer', async () => {
    const { tasks } = await readShowcase();
    for (const { query, passages } of tasks) {
      for (const passage of passages) assert.ok(countWords(passage) >= 4 && countWords(passage) <= 300, query);
    }
    assert.ok(tasks.filter(({ isLong }) => isLong).length >= 10);
    for (const { query, passages, isLong } of tasks.filter(({ isLong }) => isLong)) {
      assert.ok(isLong && passages.every((passage) => countWords(passage) > 150), query);
    }
  });

  it('shares words with the passages that do not answer', async () => {
    const { tasks } = await readShowcase();
    const words = (text) => new Set(text.toLowerCase().match(/\p{L}{4,}/gu) ?? []);
    const sharing = tasks.filter(({ query, passages }) => {
      const asked = words(query);
      return passages.slice(0, 4).some((passage) => [...words(passage)].some((word) => asked.has(word)));
    });
    assert.ok(sharing.length >= 90, `only ${sharing.length}`);
  });
});

describe('what is searched in two stages', () => {
  it('has a relevant passage for every question', async () => {
    const sets = await readCorpora();
    assert.deepEqual(
      sets.map(({ name }) => name),
      ['showcase', 'factbook', 'python-faq', 'sqlite', 'xquad'],
    );
    for (const { name, passages, queries } of sets) {
      assert.ok(queries.length >= 15 && passages.length >= 150, name);
      for (const { query, relevant } of queries) assert.ok(relevant.length > 0 && passages[relevant[0]], query);
    }
    const [showcase, , , , xquad] = sets;
    assert.match(xquad.passages[xquad.queries[0].relevant[0]], /Amazon/);
    assert.equal(showcase.queries.length, 100);
  });

  it('counts recall among the first 50, and nDCG among the first ten', () => {
    const ranking = [...Array(50).keys()];
    const { queries, ndcg, recall } = measure([{ relevant: [0] }, { relevant: [49, 50] }], [ranking, [...ranking, 50]]);
    assert.deepEqual([queries, ndcg, recall], [2, 0.5, 0.75]);
  });
});

describe('the held-out sources', () => {
  it('name a relevant passage among the candidates of every query', async () => {
    const sets = await readHeldOut();
    assert.deepEqual(
      sets.map(({ name }) => name),
      ['factbook', 'python-faq', 'sqlite'],
    );
    for (const { name, tasks } of sets) {
      assert.ok(tasks.length >= 40, name);
      for (const { query, passages, relevant } of tasks) {
        assert.ok(relevant.length > 0 && relevant.every((index) => index >= 0), `${name}: ${query}`);
        assert.ok(
          passages.length >= 10 && passages.every((text) => typeof text === 'string' && text),
          `${name}: ${query}`,
        );
      }
    }
  });

  it('have references of their present state', async () => {
    const file = new URL('../../models/mini/eval/references.json', import.meta.url);
    const references = JSON.parse(await readFile(file, 'utf8'));
    const peers = ['BM25', 'bge-small bi-encoder', 'e5-small bi-encoder', 'teacher'];
    for (const { name, hash, tasks } of [await readShowcase(), ...(await readHeldOut())]) {
      const { hash: known, ...contestants } = references[name];
      assert.equal(known, hash, `${name} was changed: make its references anew`);
      assert.deepEqual(Object.keys(contestants).sort(), peers, name);
      for (const [by, scores] of Object.entries(contestants)) {
        const shape = scores.map((row) => row.length);
        assert.deepEqual(
          shape,
          tasks.map(({ passages }) => passages.length),
          `${name}, ${by}`,
        );
      }
    }
  });
});
