import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { resolveModel } from '#internal/files/resolve.js';

const bytes = new Uint8Array(1);
const source = (files) => ({ name: 'mine', files });
const pinned = (pins) => source({ tokenizer: bytes, model: { location: bytes, ...pins } });
const path = 'the relative path of an ONNX file, such as onnx/model.onnx';
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
  [
    { model: { name: 'mine', file: {} } },
    '`model` has an unknown property "file"; did you mean "files"? It may have name, files, embedding.',
  ],
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
  [
    { model: source({ tokenizer: 't.json' }) },
    `\`model.files.tokenizer\` must be ${location}; it is a string. ` +
      'In a bundle, pass the URL or the directory of the copied files as `model`.',
  ],
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
  ...[{ name: 'mine', files: {} }, 'https://host/my.bundle', new URL('https://host/my.bundle?signature=1')].map(
    (model) => [
      { file: 'onnx/model.onnx', model },
      '`file` needs the name of a model on a hub, a directory or a base URL, and `model` is something else; leave `file` out.',
    ],
  ),
  [
    { token: 'secret', model: 'https://host/model' },
    '`token` needs the name of a model on a hub, and `model` is something else; leave `token` out.',
  ],
  [{ file: 7 }, `\`file\` must be ${path}; it is 7.`],
  [{ file: 'model.bin', model: 'org/repo' }, `\`file\` must be ${path}; it is a string.`],
  [{ file: '../model.onnx', model: 'org/repo' }, `\`file\` must be ${path}; it is a string.`],
  [{ file: '/onnx/model.onnx' }, `\`file\` must be ${path}; it is a string.`],
  [{ file: '../model.onnx', model: 'https://host/model' }, `\`file\` must be ${path}; it is a string.`],
  [{ file: 'config.json', model: 'https://host/model' }, `\`file\` must be ${path}; it is a string.`],
  [{ file: 'onnx\\model.onnx', model: 'file:///models/mine' }, `\`file\` must be ${path}; it is a string.`],
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
    assert.rejects(resolveModel({ model: 'base' }, { use: 'rerank' }), {
      code: 'model_not_found',
      message: `No published model is called "base"; use one of ${names}, org/repo for another repository of the Hugging Face hub, or an absolute URL.`,
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

const graphIn = ({ files }) => files.find(({ role }) => role === 'model');

describe('the graph below a base URL', () => {
  for (const [model, file, expected] of [
    ['https://host/model/?token=x', undefined, 'https://host/model/onnx/model_quantized.onnx?token=x'],
    ['https://host/model', 'onnx/model_int8.onnx', 'https://host/model/onnx/model_int8.onnx'],
    ['https://host/model/?token=x', 'a b/c#%.onnx', 'https://host/model/a%20b/c%23%25.onnx?token=x'],
  ]) {
    it(`is ${expected}`, async () => {
      for (const wish of [model, new URL(model)]) {
        assert.equal(graphIn((await resolveModel({ model: wish, file }, {})).model).location, expected);
      }
    });
  }
});

describe('the graph of a directory', () => {
  const needed = ['config.json', 'tokenizer.json'];

  /** Resolves `/models/my model` with these files; a number is the size of a file in GB. */
  async function resolve(sizes, file) {
    const all = { ...Object.fromEntries(needed.map((path) => [path, 0])), ...sizes };
    const local = {
      exists: async () => true,
      async findModel(path, folders) {
        assert.equal(path, '/models/my model');
        const files = Object.entries(all).map(([path, size]) => ({ path, size: size * 1e9 }));
        const listed = files.filter(({ path }) => folders.includes(path.slice(0, path.lastIndexOf('/') + 1)));
        return { root: new URL('file:///models/my%20model/'), path, files: listed };
      },
    };
    return (await resolveModel({ model: '/models/my model', file }, { local })).model;
  }

  const named = (paths) => Object.fromEntries(paths.map((path) => [path, 0.1]));

  for (const paths of [
    ['onnx/model_qint8_avx512_vnni.onnx', 'onnx/model.onnx', 'onnx/model_O3.onnx', 'onnx/model_quint8_avx2.onnx'],
    ['onnx/model_quantized.onnx', 'onnx/model_int8.onnx', 'model_quantized.onnx', 'onnx/model.onnx'],
    ['onnx/model_uint8.onnx', 'onnx/model_fp16.onnx', 'onnx/model.onnx'],
    ['onnx/model_qint8_riscv.onnx', 'onnx/model.onnx'],
    ['model_int8.onnx', 'onnx/model.onnx', 'onnx/model_q4.onnx'],
    ['onnx/model_fp16.onnx', 'onnx/model.onnx'],
    ['model.onnx', 'onnx/model_bnb4.onnx'],
  ]) {
    it(`is ${paths[0]} among ${paths.length} files, as in a repository`, async () => {
      for (const order of [paths, paths.toReversed()]) {
        const { location } = graphIn(await resolve(named(order)));
        assert.equal(location, `file:///models/my%20model/${paths[0]}`);
      }
    });
  }

  it('is the one that `file` names, and the best other one is known', async () => {
    const files = named(['a b/c#.onnx', 'onnx/model.onnx', 'onnx/model_int8.onnx']);
    const { location, other } = graphIn(await resolve(files, 'a b/c#.onnx'));
    assert.equal(location, 'file:///models/my%20model/a%20b/c%23.onnx');
    assert.deepEqual(other, { path: 'onnx/model_int8.onnx', int8: true });
    assert.deepEqual(graphIn(await resolve(files)).other, { path: 'onnx/model.onnx', int8: false });
  });

  it('gives way to one that WebAssembly can address', async () => {
    const sizes = { 'onnx/model_int8.onnx': 0.01, 'onnx/model_int8.onnx_data': 5, 'onnx/model.onnx': 1 };
    assert.match(graphIn(await resolve(sizes)).location, /\/onnx\/model\.onnx$/);
    await assert.rejects(resolve(sizes, 'onnx/model_int8.onnx'), {
      code: 'out_of_memory',
      message:
        'The ONNX file onnx/model_int8.onnx of the directory /models/my model takes 5.01 GB of memory with its weights, and WebAssembly can address 4.23 GB; pass a smaller one as `file`: onnx/model.onnx.',
    });
  });

  const advice =
    'a model needs one such as onnx/model_quantized.onnx; `npx rerank-wasm models` lists models with such a file';
  for (const [what, files, file, code, message] of [
    ['is missing', {}, undefined, 'model_not_found', `has no ONNX file; ${advice}.`],
    [
      'has an unusual name',
      named(['onnx/rank.onnx']),
      undefined,
      'model_not_found',
      'has no ONNX file with a usual name; pass one of these as `file`: onnx/rank.onnx.',
    ],
    [
      'has a form that the engine cannot run',
      named(['onnx/model_q4.onnx']),
      undefined,
      'unsupported_model',
      `has only ONNX files with 4-bit weights or for ONNX Runtime alone: onnx/model_q4.onnx; ${advice}.`,
    ],
    [
      'is not the one that `file` names',
      named(['onnx/model.onnx']),
      'onnx/none.onnx',
      'model_not_found',
      'has no "onnx/none.onnx"; its ONNX files are onnx/model.onnx.',
    ],
    [
      'is not the only one that is missing',
      {},
      'a/none.onnx',
      'model_not_found',
      `has no "a/none.onnx", and no other ONNX file was found; ${advice}.`,
    ],
  ]) {
    it(`that ${what} is refused`, () =>
      assert.rejects(resolve(files, file), { code, message: `The directory /models/my model ${message}` }));
  }

  it('that is a bundle is no choice', async () => {
    const bundle = new URL('file:///models/my.bundle');
    const local = { exists: async () => true, findModel: async () => ({ bundle }) };
    const { model } = await resolveModel({ model: bundle }, { local });
    assert.deepEqual(model.files, [{ role: 'bundle', location: bundle.href }]);
    await assert.rejects(resolveModel({ model: bundle, file: 'model.onnx' }, { local }), {
      code: 'invalid_input',
      message: /^`file` needs the name of a model on a hub, a directory or a base URL, /,
    });
  });
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
