import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { resolveModel } from '#internal/files/resolve.js';

const bytes = new Uint8Array(1);
const source = (files) => ({ name: 'mine', files });
const pinned = (pins) => source({ tokenizer: bytes, model: { location: bytes, ...pins } });
const path = 'the path of an ONNX file in the repository, such as onnx/model.onnx';
const location = 'bytes, a Blob, a function or an absolute URL';
const names = [
  'bge-reranker-base',
  'bge-reranker-large',
  'bge-reranker-v2-m3',
  'mmarco-mMiniLMv2-L12-H384-v1',
  'ms-marco-MiniLM-L-6-v2',
].join(', ');

const refusals = [
  [{ model: 5 }, '`model` must be a name, a URL, a directory or a ModelSource; it is 5.'],
  [{ model: new URL('data:,x') }, '`model` must be an http:, https: or file: URL; it is a data: URL.'],
  [{ model: { name: 'mine', file: {} } }, '`model` has an unknown property "file"; it may have name, files.'],
  [{ model: { files: {} } }, '`model.name` must be a string that is not empty; it is undefined.'],
  [{ model: { name: '', files: {} } }, '`model.name` must be a string that is not empty; it is an empty string.'],
  [{ model: { name: 'mine' } }, '`model.files` must be an object; it is undefined.'],
  [
    { model: source({ merges: bytes }) },
    '`model.files` has an unknown property "merges"; it may have config, tokenizer, model.',
  ],
  [
    { model: source({ bundle: bytes, model: bytes }) },
    '`model.files` has an unknown property "model"; it may have bundle.',
  ],
  [{ model: source({ model: bytes }) }, `\`model.files.tokenizer\` must be ${location}; it is undefined.`],
  [{ model: source({ tokenizer: 't.json' }) }, `\`model.files.tokenizer\` must be ${location}; it is a string.`],
  [
    { model: source({ bundle: { shards: 'x' } }) },
    '`model.files.bundle.shards` must be an array of at least one part; it is a string.',
  ],
  [
    { model: source({ bundle: { shards: [] } }) },
    '`model.files.bundle.shards` must be an array of at least one part; it is an empty array.',
  ],
  [{ model: pinned({ size: -1 }) }, '`model.files.model.size` must be a number of bytes; it is -1.'],
  [
    { model: pinned({ sha256: 'F0' }) },
    '`model.files.model.sha256` must be a string of 64 lower-case hexadecimal digits; it is a string.',
  ],
  [
    { model: pinned({ hash: '' }) },
    '`model.files.model` has an unknown property "hash"; it may have location, size, sha256.',
  ],
  [{ hub: 'mirror' }, '`hub` must be an absolute http: or https: URL; it is a string.'],
  [
    { hub: 'https://mirror', model: 'https://host/model' },
    '`hub` needs the name of a model on a hub, and `model` is something else; leave `hub` out.',
  ],
  [
    { file: 'onnx/model.onnx', model: { name: 'mine', files: {} } },
    '`file` needs the name of a model on a hub, and `model` is something else; leave `file` out.',
  ],
  [
    { token: 'secret', model: 'https://host/model' },
    '`token` needs the name of a model on a hub, and `model` is something else; leave `token` out.',
  ],
  [{ file: 7 }, `\`file\` must be ${path}; it is 7.`],
  [{ file: 'model.bin', model: 'org/repo' }, `\`file\` must be ${path}; it is a string.`],
  [{ file: '../model.onnx', model: 'org/repo' }, `\`file\` must be ${path}; it is a string.`],
  [{ file: '/onnx/model.onnx' }, `\`file\` must be ${path}; it is a string.`],
  [{ token: 7 }, '`token` must be a string that is not empty; it is 7.'],
  [{ token: '', model: 'org/repo' }, '`token` must be a string that is not empty; it is an empty string.'],
  [
    { token: 'hf_with\nbreak', model: 'org/repo' },
    '`token` must have printable ASCII characters alone; it has others.',
  ],
];

describe('a model that is refused', () => {
  for (const [wish, message] of refusals) {
    it(`is named with what was found: ${message}`, () =>
      assert.rejects(resolveModel(wish, {}), { code: 'invalid_input', message }));
  }

  it('by its name lists the names', () =>
    assert.rejects(resolveModel({ model: 'base' }, {}), {
      code: 'model_not_found',
      message: `No published model is called "base"; use an absolute URL, org/repo for a repository of the Hugging Face hub or one of ${names}.`,
    }));

  it('by the name of the small model says where that is', () =>
    assert.rejects(resolveModel({ model: 'mini' }, {}), {
      code: 'model_not_found',
      message: /; the small model is a package: `import mini from 'rerank-wasm-mini'`\.$/,
    }));

  it('for the lack of a file system says what to use instead', () =>
    assert.rejects(resolveModel({ model: 'file:///models/mine' }, {}), {
      code: 'unsupported_environment',
      message:
        'This platform cannot read local files such as file:///models/mine; use an http: or https: URL, or bytes.',
    }));
});

describe('a published model with another graph', () => {
  const graphOf = async (wish) => (await resolveModel(wish, {})).model.files.find(({ role }) => role === 'model');

  it('knows its own int8 graph', async () => {
    const { location, other } = await graphOf({ model: 'bge-reranker-base', file: 'onnx/model.onnx' });
    assert.match(location, /\/onnx\/model\.onnx$/);
    assert.deepEqual(other, { path: 'onnx/model_quantized.onnx', int8: true });
    assert.equal((await graphOf({ model: 'bge-reranker-base' })).other, undefined);
  });
});
