import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

import { createReranker, RerankError } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { withSigmoid } from '../../support/models/onnx.js';
import { tiny, tinyBytes, tinyDirectory } from '../../support/models/tiny.js';
import { serveDirectory } from '../../support/servers/static.js';

const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 279301077\n';
const kinds = [
  ['a Git LFS pointer', pointer, /the file is a Git LFS pointer, which `git lfs pull` replaces/],
  ['a page', '<!DOCTYPE html>\n<title>Sign in</title>', /the file is a page of HTML or XML/],
  [
    'an error of a server',
    '{"error":"Entry not found"}',
    /the file is JSON, .* begins with "\{\\"error\\":\\"Entry not/,
  ],
  ['nothing', '', /the file is empty/],
  ['a file that gzip compressed', gzipSync('x'), /the file is compressed with gzip/],
];

describe('in the place of a file of a model', () => {
  for (const [what, content, message] of kinds) {
    it(`${what} is named, for each file`, async () => {
      const bytes = new Uint8Array(Buffer.from(content));
      const { files } = await tinyBytes();
      for (const role of ['model', 'tokenizer', 'config']) {
        const model = { name: 'wrong', files: { ...files, [role]: bytes } };
        const error = await rejectsWith(createReranker({ model }), 'invalid_model', message);
        assert.ok(error.message.startsWith(`${role[0].toUpperCase()}${role.slice(1)} file: `), error.message);
      }
      await rejectsWith(
        createReranker({ model: { name: 'wrong', files: { bundle: bytes } } }),
        'invalid_model',
        message,
      );
    });
  }

  it('a pointer to pinned weights is named beside the sizes', async () => {
    const model = {
      name: 'pinned',
      files: { ...mini.files, model: { location: Buffer.from(pointer), size: 22_972_869 } },
    };
    await rejectsWith(
      createReranker({ model }),
      'integrity_mismatch',
      /22972869 were expected, and it is a Git LFS pointer/,
    );
  });
});

describe('a tokenizer with more tokens than the model has rows', () => {
  it('is refused at load, and not at the first text that has such a token', async () => {
    const { files } = await tinyBytes();
    const json = JSON.parse(Buffer.from(files.tokenizer).toString());
    const { id, content, ...others } = json.added_tokens.at(-1);
    json.added_tokens.push({ ...others, id: id + 1, content: '<extra>' });
    const tokenizer = new Uint8Array(Buffer.from(JSON.stringify(json)));
    const creation = createReranker({ model: { name: 'foreign', files: { ...files, tokenizer } } });
    await rejectsWith(
      creation,
      'unsupported_model',
      /^Tokenizer file: its ids go up to 1000, .* has no row for that one/,
    );
  });
});

describe('a model without config.json', () => {
  let directory;
  let server;
  let expected;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    await cp(tinyDirectory, directory, { recursive: true });
    await rm(join(directory, 'config.json'));
    server = await serveDirectory(directory);
    const reranker = await createReranker({ model: tiny });
    expected = await reranker.rerank('query', ['text']);
    await reranker.dispose();
  });
  after(async () => {
    await server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('loads from a directory and from a base URL, with the usual 512 tokens', async () => {
    for (const model of [directory, server.url]) {
      const reranker = await createReranker({ model, cache: 'none' });
      assert.deepEqual(await reranker.rerank('query', ['text']), expected);
      assert.equal((await reranker.statistics()).maxTokens, 512);
      await reranker.dispose();
    }
  });

  it('does not load without a tokenizer', async () => {
    await rm(join(directory, 'tokenizer.json'));
    try {
      for (const model of [directory, server.url]) {
        await rejectsWith(createReranker({ model, cache: 'none' }), 'model_not_found', /tokenizer\.json/);
      }
    } finally {
      await cp(join(tinyDirectory, 'tokenizer.json'), join(directory, 'tokenizer.json'));
    }
  });

  it('does not load with a damaged one', async () => {
    await writeFile(join(directory, 'config.json'), 'null');
    try {
      await rejectsWith(createReranker({ model: server.url, cache: 'none' }), 'invalid_model', /config file/i);
    } finally {
      await rm(join(directory, 'config.json'));
    }
  });
});

describe('an unknown name', () => {
  it('lists the names there are', async () => {
    for (const model of ['bge-reranker', '/models/none']) {
      const error = await rejectsWith(createReranker({ model }), 'model_not_found');
      assert.match(error.message, /use one of bge-reranker-base, .*ms-marco-MiniLM-L-6-v2, org\/repo for another/);
    }
  });

  it('of the small model says where that is', () =>
    rejectsWith(createReranker({ model: 'mini' }), 'model_not_found', /`import mini from 'rerank-wasm-mini'`\.$/));

  it('of a published repository whose hub does not answer says its published name', async () => {
    const options = { model: 'Xenova/bge-reranker-base', hub: 'http://127.0.0.1:9/', cache: 'none' };
    const error = await createReranker(options).catch((error) => error);
    assert.ok(error instanceof RerankError);
    assert.match(error.message, /`model: 'bge-reranker-base'` names the published files of this repository/);
    const other = await createReranker({ ...options, model: 'org/repo' }).catch((error) => error);
    assert.ok(!other.message.includes('published files'), other.message);
  });
});

describe('a graph that ends in a sigmoid', () => {
  it('has the same logits and the same scores as without', async () => {
    const { files } = await tinyBytes();
    const ranked = [];
    for (const model of [files.model, withSigmoid(files.model)]) {
      const reranker = await createReranker({ model: { name: 'tiny', files: { ...files, model } } });
      ranked.push(await reranker.rerank('query', ['a text', 'another', 'third']));
      await reranker.dispose();
    }
    assert.deepEqual(ranked[1], ranked[0]);
    for (const { score, logit } of ranked[1]) assert.ok(Math.abs(score - 1 / (1 + Math.exp(-logit))) < 1e-12);
  });
});
