import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ClientEmbedder } from '#internal/embedder/client.js';
import { rejectsWith } from '../../support/asserts/assertions.js';

/** A backend for which a vector holds the text's length and twelve. It notes what it receives. */
function fakeBackend() {
  const noted = { requests: [], texts: [], disposed: 0 };
  return {
    noted,
    async run({ request, texts, onResult }) {
      noted.requests.push(request);
      noted.texts.push(...texts);
      for (const [index, text] of texts.entries()) {
        const windows = [{ start: 0, end: text.length }];
        const vector = Float32Array.of(text.length, 12);
        onResult(request.kind === 'embed' ? { index, tokens: 3, truncated: false, vector } : { index, windows });
      }
    },
    async statistics() {
      return { model: 'fake', maxTokens: 512, memoryBytes: 1, threads: 1, kernel: 'x', unfused: {}, dimensions: 2 };
    },
    async dispose() {
      noted.disposed += 1;
    },
  };
}

async function fakeEmbedder(facts = {}) {
  const backend = fakeBackend();
  const whole = { pooling: 'mean', prompts: { query: 'q: ', document: 'd: ' }, ...facts };
  return { embedder: await ClientEmbedder.of(backend, whole), noted: backend.noted };
}

describe('an embedder', () => {
  it('puts the prompt of the kind before each text', async () => {
    const { embedder, noted } = await fakeEmbedder();
    await embedder.embed(['a'], { kind: 'query' });
    await embedder.embed(['b'], { kind: 'document' });
    await embedder.embed(['c']);
    assert.deepEqual(noted.texts, ['q: a', 'd: b', 'd: c']);
  });

  it('takes another prompt, and none for token ids', async () => {
    const { embedder, noted } = await fakeEmbedder();
    await embedder.embed(['a'], { prompt: '' });
    await embedder.embed(['a', [7, 8], Uint32Array.of(9)], { prompt: 'other: ' });
    assert.deepEqual(noted.texts, ['a', 'other: a', Uint32Array.of(7, 8), Uint32Array.of(9)]);
  });

  it('embeds equal texts once, and each has a vector of its own', async () => {
    const { embedder, noted } = await fakeEmbedder();
    const seen = [];
    const onProgress = ({ done, total }) => seen.push(`${done}/${total}`);
    const { embeddings, tokens, truncated } = await embedder.embed(['x', 'yy', 'x'], { onProgress });
    assert.deepEqual(noted.texts, ['d: x', 'd: yy']);
    assert.deepEqual(embeddings, [Float32Array.of(4, 12), Float32Array.of(5, 12), Float32Array.of(4, 12)]);
    assert.notEqual(embeddings[0], embeddings[2]);
    assert.deepEqual(
      [tokens, truncated],
      [
        [3, 3, 3],
        [false, false, false],
      ],
    );
    assert.deepEqual(seen, ['1/3', '2/3', '3/3']);
  });

  it('takes no more tokens than the model was made for', async () => {
    const { embedder, noted } = await fakeEmbedder({ maxTokens: 256 });
    await embedder.embed(['a']);
    await embedder.embed(['a'], { maxTokens: 64 });
    await embedder.split(['a'], { maxTokens: 10_000 });
    assert.deepEqual(
      noted.requests.map(({ maxTokens }) => maxTokens),
      [256, 64, 256],
    );
    assert.equal((await embedder.statistics()).maxTokens, 256);
  });

  it('cuts vectors to the dimensions of the call', async () => {
    const { embedder } = await fakeEmbedder({ prompts: { query: '', document: '' } });
    const { embeddings } = await embedder.embed(['abcde'], { dimensions: 1 });
    assert.deepEqual(embeddings, [Float32Array.of(1)]);
    await rejectsWith(embedder.embed(['a'], { dimensions: 3 }), 'invalid_input', /at most 2, what the model returns/);
  });

  it('splits texts as they are', async () => {
    const { embedder, noted } = await fakeEmbedder();
    assert.deepEqual(await embedder.split(['one', 'two!'], { maxTokens: 82, overlap: 8 }), [
      [{ start: 0, end: 3 }],
      [{ start: 0, end: 4 }],
    ]);
    await embedder.split(['one'], { maxTokens: 82 });
    assert.deepEqual(noted.requests, [
      { kind: 'split', maxTokens: 82, overlap: 8 },
      { kind: 'split', maxTokens: 82, overlap: 10 },
    ]);
  });

  it('says what it is', async () => {
    const { embedder } = await fakeEmbedder();
    const { model, dimensions, pooling } = await embedder.statistics();
    assert.deepEqual([model, dimensions, pooling], ['fake', 2, 'mean']);
  });

  for (const [texts, options, message] of [
    [
      'a',
      undefined,
      /`texts` must be an array of strings or of lists of token ids; it is a string\. Pass a list of one/,
    ],
    [{ 0: 'a' }, undefined, /`texts` must be an array of .*; it is an object/],
    [['a', 7], undefined, /`texts\[1\]` must be a string or a list of token ids; it is 7/],
    [[[1, 0.5]], undefined, /`texts\[0\]` must be a list of token ids; it is 0\.5/],
    [['a'], { prompt: 7 }, /`prompt` must be a string; it is 7/],
    [['a'], { kind: 'passage' }, /`kind` must be 'query' or 'document'; it is 'passage'/],
    [['a'], { dimension: 7 }, /unknown property "dimension"; did you mean "dimensions"/],
    [['a'], { dimensions: 0 }, /`dimensions` must be a positive integer; it is 0/],
  ]) {
    it(`refuses what it does not understand: ${message}`, async () => {
      const { embedder } = await fakeEmbedder();
      await rejectsWith(embedder.embed(texts, options), 'invalid_input', message);
    });
  }

  it('is freed once its facts cannot be read', async () => {
    const backend = fakeBackend();
    backend.statistics = async () => {
      throw new Error('crashed');
    };
    await assert.rejects(
      ClientEmbedder.of(backend, { pooling: 'cls', prompts: { query: '', document: '' } }),
      /crashed/,
    );
    assert.equal(backend.noted.disposed, 1);
  });
});
