import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { order, rejectsWith } from '../../support/asserts/assertions.js';
import { useMini } from '../../support/models/mini.js';

const query = 'What is the capital of France?';
const answer = 'Paris is the capital of France.';
const filler = 'The giraffe 🦒 is the tallest living animal on land. '.repeat(60);
const documents = [filler, `${filler}${answer} ${filler}`, answer];

describe('long documents', () => {
  const mini = useMini();

  it('count by their best window with chunk', async () => {
    const progress = [];
    const results = await mini().rerank(query, documents, {
      longDocuments: 'chunk',
      onProgress: ({ done }) => progress.push(done),
    });
    assert.deepEqual(order(results), [2, 1, 0]);
    assert.deepEqual(progress, [1, 2, 3]);
    const [whole, found] = results;
    assert.equal('window' in whole, false);
    assert.ok(documents[1].slice(found.window.start, found.window.end).includes(answer));
    assert.ok(results.every(({ truncated }) => !truncated));
    assert.ok(found.tokens > 1000);
  });

  it('tell the window also where it starts as the document does', async () => {
    // The tokenizer puts a word start, which is one token here, before the first character.
    const document = '漢字'.repeat(40);
    const [{ tokens: all }] = await mini().rerank('a', [document]);
    const [{ window }] = await mini().rerank('a', [document], { longDocuments: 'chunk', maxTokens: all - 1 });
    assert.equal(window.start, 0);
  });

  it('are cut without', async () => {
    const results = await mini().rerank(query, documents);
    assert.equal(results.find(({ index }) => index === 1).truncated, true);
    assert.ok(results.every((result) => !('window' in result)));
  });

  it('are nothing else', async () => {
    await rejectsWith(mini().rerank(query, documents, { longDocuments: 'split' }), 'invalid_input', /longDocuments/);
  });
});
