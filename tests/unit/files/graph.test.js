import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { choiceText, choose, parseChoice } from '#internal/files/hub/choice.js';
import { isInt8 } from '#internal/files/hub/graph.js';
import { parseListing, withoutDuplicates } from '#internal/files/hub/listing.js';
import { parseHubName } from '#internal/files/hub/name.js';

const others = ['README.md', 'config.json', 'tokenizer.json', 'pytorch_model.bin'];
const filesOf = (paths) => [...others, ...paths].map((path) => ({ path, size: 1 }));
const choice = (paths, file) => choose({ revision: 'main', files: filesOf(paths) }, file, 'org/repo');

/** The files of repositories that people use, with the one that is chosen. */
const chosen = [
  [
    'onnx/model_quantized.onnx',
    'onnx/model.onnx',
    'onnx/model_int8.onnx',
    'onnx/model_uint8.onnx',
    'onnx/model_q4.onnx',
  ],
  ['onnx/model_int8.onnx', 'onnx/model_fp16.onnx', 'onnx/model_uint8.onnx', 'onnx/model.onnx'],
  ['onnx/model_uint8.onnx', 'onnx/model_fp16.onnx', 'onnx/model_q4f16.onnx'],
  [
    'onnx/model_qint8_avx512_vnni.onnx',
    'onnx/model.onnx',
    'onnx/model_O1.onnx',
    'onnx/model_O4.onnx',
    'onnx/model_qint8_arm64.onnx',
    'onnx/model_qint8_avx512.onnx',
    'onnx/model_quint8_avx2.onnx',
  ],
  ['onnx/model_quint8_avx2.onnx', 'onnx/model.onnx'],
  ['onnx/model_qint8_riscv.onnx', 'onnx/model.onnx', 'model_quantized.onnx'],
  ['model_quantized.onnx', 'onnx/model_fp16.onnx', 'model.onnx'],
  ['onnx/model_fp16.onnx', 'onnx/model.onnx', 'model_fp16.onnx'],
  ['onnx/model.onnx', 'model.onnx', 'onnx/decoder.onnx'],
  ['model.onnx', 'onnx/model_bnb4.onnx'],
];

describe('the graph of a repository', () => {
  for (const paths of chosen) {
    const [best] = paths;
    it(`is ${best} among ${paths.length} files`, () => {
      for (const order of [paths, paths.toReversed(), paths.toSorted()]) {
        assert.equal(choice(order).files.model.path, best);
      }
    });
  }

  it('comes with the facts of the files beside it that may hold its weights', () => {
    const others = ['onnx/model_quantized.onnx_data', 'onnx/model.onnx', 'model_quantized.onnx_data.txt'];
    const paths = ['model_quantized.onnx', 'model_quantized.onnx_data', 'model_quantized.onnx_data_1', ...others];
    const companions = choice(paths).companions.map(({ path }) => path);
    assert.deepEqual(companions, ['model_quantized.onnx_data', 'model_quantized.onnx_data_1']);
    const { companions: inFolder } = choice([
      'onnx/model.onnx',
      'onnx/model.onnx.data',
      'onnx/model.data',
      'model.data',
    ]);
    assert.deepEqual(inFolder, [
      { path: 'onnx/model.onnx.data', size: 1 },
      { path: 'onnx/model.data', size: 1 },
    ]);
    assert.equal(choice(['onnx/model.onnx', 'onnx/vocab.txt']).companions, undefined);
  });

  it('comes with the best other graph that the engine can run', () => {
    const paths = ['onnx/model.onnx', 'onnx/model_int8.onnx', 'onnx/model_q4.onnx', 'onnx/model_quantized.onnx'];
    assert.equal(choice(paths).other, 'onnx/model_int8.onnx');
    assert.equal(choice(paths, 'onnx/model_q4.onnx').other, 'onnx/model_quantized.onnx');
    assert.equal(choice(['model.onnx', 'onnx/model_O2.onnx']).other, undefined);
  });

  for (const [path, expected] of [
    ['onnx/model_quantized.onnx', true],
    ['model_qint8_arm64.onnx', true],
    ['onnx/model_qint8_riscv.onnx', true],
    ['onnx/model_fp16.onnx', false],
    ['model.onnx', false],
  ]) {
    it(`${path} has ${expected ? 'int8' : 'other'} weights`, () => assert.equal(isInt8(path), expected));
  }

  it('is the one that the caller names, whatever its form', () => {
    const paths = ['onnx/model_quantized.onnx', 'onnx/model_q4.onnx'];
    assert.equal(choice(paths, 'onnx/model_q4.onnx').files.model.path, 'onnx/model_q4.onnx');
  });

  it('that the caller names and that is missing gets the names of those that exist', () => {
    assert.throws(() => choice(['onnx/model.onnx', 'onnx/model_q4.onnx'], 'onnx/model_int8.onnx'), {
      code: 'model_not_found',
      message:
        'The repository org/repo has no "onnx/model_int8.onnx"; its ONNX files are onnx/model.onnx, onnx/model_q4.onnx.',
    });
    assert.throws(() => choice([], 'model.onnx'), {
      message:
        'The repository org/repo has no "model.onnx", and no other ONNX file was found; look for a conversion, such as onnx-community/repo-ONNX or Xenova/repo.',
    });
  });

  it('is missing from a repository with forms alone that the engine cannot run', () => {
    const paths = ['onnx/model_q4.onnx', 'onnx/model_q4f16.onnx', 'onnx/model_bnb4.onnx', 'onnx/model_O3.onnx'];
    assert.throws(() => choice(paths), {
      code: 'unsupported_model',
      message: `The repository org/repo has only ONNX files with 4-bit weights or for ONNX Runtime alone: ${paths.join(', ')}; look for a conversion, such as onnx-community/repo-ONNX or Xenova/repo.`,
    });
  });

  it('is missing from a repository without ONNX, and the error names likely conversions', () => {
    assert.throws(() => choice([]), {
      code: 'model_not_found',
      message:
        'The repository org/repo has no ONNX file; look for a conversion, such as onnx-community/repo-ONNX or Xenova/repo.',
    });
  });

  it('with an unusual name is for the caller to choose', () => {
    assert.throws(() => choice(['rank.onnx', 'int8/model.onnx']), {
      code: 'model_not_found',
      message:
        'The repository org/repo has no ONNX file with a usual name; pass one of these as `file`: rank.onnx, int8/model.onnx.',
    });
  });
});

describe('a graph that is larger than the memory of WebAssembly', () => {
  const gigabyte = 1e9;
  const sized = (sizes, file) => {
    const files = ['config.json', 'tokenizer.json'].map((path) => ({ path, size: 1 }));
    for (const [path, size] of Object.entries(sizes)) files.push({ path, ...(size && { size: size * gigabyte }) });
    return choose({ revision: 'main', files }, file, 'org/repo');
  };
  const limit = 'WebAssembly can address 4.23 GB';
  const conversions = 'look for a conversion, such as onnx-community/repo-ONNX or Xenova/repo';

  for (const [why, sizes, expected] of [
    ['the next one', { 'model_int8.onnx': 5, 'model.onnx': 1 }, 'model.onnx'],
    ['one with smaller weights', { 'model_int8.onnx': 1, 'model_int8.onnx_data': 4, 'model.onnx': 1 }, 'model.onnx'],
    [
      'one with smaller weights in several files',
      { 'onnx/model.onnx': 0.1, 'onnx/model.onnx_data': 2, 'onnx/model.onnx_data_1': 2.2, 'model.onnx': 1 },
      'model.onnx',
    ],
    ['fp32 where fp16 would be widened', { 'model_fp16.onnx': 2.2, 'model.onnx': 4 }, 'model.onnx'],
  ]) {
    it(`gives way to ${why}`, () => {
      const { files, other } = sized(sizes);
      assert.equal(files.model.path, expected);
      assert.equal(other, undefined);
    });
  }

  it('is measured with the weights that are named after it alone', () => {
    for (const data of ['model_fp16.onnx_data', 'onnx/model.onnx_data', 'model.onnx_data.txt', 'model.json']) {
      assert.equal(sized({ 'model.onnx': 1, [data]: 5 }).files.model.path, 'model.onnx');
    }
    for (const data of ['model.onnx_data', 'model.onnx.data', 'model.data', 'model_weights_12']) {
      assert.throws(() => sized({ 'model.onnx': 1, [data]: 5 }), { code: 'out_of_memory' });
    }
  });

  it('may be chosen if the list has no sizes', () =>
    assert.equal(sized({ 'model.onnx': undefined, 'model.onnx_data': undefined }).files.model.path, 'model.onnx'));

  it('fits up to the engine and its stack', () => {
    assert.equal(sized({ 'model.onnx': 4.2278 }).files.model.path, 'model.onnx');
    assert.throws(() => sized({ 'model.onnx': 4.2279 }), { code: 'out_of_memory' });
  });

  it('is refused with its size and likely conversions if there is no other', () => {
    assert.throws(() => sized({ 'onnx/model.onnx': 0.01, 'onnx/model.onnx_data': 7.1, 'onnx/model_q4.onnx': 1 }), {
      code: 'out_of_memory',
      message: `The ONNX file onnx/model.onnx of the repository org/repo takes 7.11 GB of memory with its weights, and ${limit}; ${conversions}.`,
    });
    // The smallest one is named.
    assert.throws(() => sized({ 'model_fp16.onnx': 3, 'model_int8.onnx': 4.5, 'model.onnx': 9 }), {
      message: /^The ONNX file model_int8\.onnx of the repository org\/repo takes 4\.50 GB/,
    });
  });

  it('is refused with the names of smaller files if the repository has some', () => {
    assert.throws(() => sized({ 'model.onnx': 5, 'rank.onnx': 1, 'large.onnx': 5 }), {
      code: 'out_of_memory',
      message: `The ONNX file model.onnx of the repository org/repo takes 5.00 GB of memory with its weights, and ${limit}; pass a smaller one as \`file\`: rank.onnx.`,
    });
    const files = { 'onnx/model_fp16.onnx': 2.5, 'onnx/model_int8.onnx': 1.3, 'onnx/model.onnx': 5 };
    assert.throws(() => sized(files, 'onnx/model_fp16.onnx'), {
      code: 'out_of_memory',
      message: `The ONNX file onnx/model_fp16.onnx of the repository org/repo takes 5.00 GB of memory with its weights, and ${limit}; pass a smaller one as \`file\`: onnx/model_int8.onnx.`,
    });
  });
});

describe('the other files of a repository', () => {
  it('are the tokenizer, and the configuration if there is one', () => {
    const files = ['tokenizer.json', 'model.onnx'].map((path) => ({ path }));
    assert.deepEqual(choose({ revision: 'main', files }, undefined, 'org/repo').files, {
      model: { path: 'model.onnx' },
      tokenizer: { path: 'tokenizer.json' },
    });
    assert.deepEqual(choice(['model.onnx']).files.config, { path: 'config.json', size: 1 });
  });

  it('lack a tokenizer that is supported', () => {
    const files = ['model.onnx', 'vocab.txt', 'sentencepiece.bpe.model'].map((path) => ({ path }));
    assert.throws(() => choose({ revision: 'main', files }, undefined, 'org/repo'), {
      code: 'unsupported_model',
      message:
        /^The repository org\/repo has no tokenizer\.json, the only tokenizer that is supported \(it has vocab\.txt, sentencepiece\.bpe\.model\); look for/,
    });
  });
});

describe("the hub's list", () => {
  const hash = 'a'.repeat(64);
  const lfs = { oid: hash, size: 9, pointerSize: 134 };

  it('has sizes, and hashes of large files', () => {
    const page = [
      { type: 'directory', path: 'onnx', size: 0, oid: 'b' },
      { type: 'file', path: 'onnx/model.onnx', size: 9, oid: 'b', lfs },
      { type: 'file', path: 'config.json', size: 3, oid: 'b' },
      { type: 'file', path: 'odd.json', size: -1, oid: 'b', lfs: { oid: 'short', size: 'much' } },
    ];
    assert.deepEqual(parseListing(page, 'org/repo'), [
      { path: 'onnx/model.onnx', size: 9, sha256: hash },
      { path: 'config.json', size: 3 },
      { path: 'odd.json' },
    ]);
  });

  it('loses paths that leave the repository', () => {
    const paths = [
      '../model.onnx',
      'onnx/../../model.onnx',
      '/model.onnx',
      'onnx\\model.onnx',
      'onnx//x',
      './x',
      '',
      'a\u0000',
    ];
    const page = paths.map((path) => ({ type: 'file', path, size: 1 }));
    assert.deepEqual(parseListing(page, 'org/repo'), []);
  });

  it('may repeat a file: the first entry counts', () => {
    const files = [{ path: 'a', size: 1 }, { path: 'b' }, { path: 'a', size: 2 }];
    assert.deepEqual(withoutDuplicates(files), files.slice(0, 2));
  });

  for (const page of [{ error: 'x' }, null, 'text', [null], [{ type: 'file' }], [{ type: 'file', path: 7 }]]) {
    it(`is refused if it is ${JSON.stringify(page)}`, () =>
      assert.throws(() => parseListing(page, 'org/repo'), {
        code: 'download_failed',
        message: /^The hub's list of the files of org\/repo (is no JSON array|has an entry without a path)\. Try again/,
      }));
  }
});

describe('the name of a repository', () => {
  const names = {
    'org/repo': ['org/repo', 'main'],
    'org/repo@v1.0': ['org/repo', 'v1.0'],
    'org/repo@refs/pr/1': ['org/repo', 'refs/pr/1'],
    'Org-1/re_po.v2-m3': ['Org-1/re_po.v2-m3', 'main'],
  };
  for (const [text, [repository, revision]] of Object.entries(names)) {
    it(`is read from ${text}`, () => assert.deepEqual(parseHubName(text), { repository, revision }));
  }

  const rest = ['repo', 'a/b/c', './a/b', '../b', 'a/../b', '/a/b', 'a/b@', 'a/b@../x', 'a/b@x//y', 'a b/c', 'a/b..c'];
  for (const text of [...rest, 'a/.b', '-a/b', 'C:\\a/b', 'a/mine.bundle', `${'a'.repeat(97)}/b`, 'https://a/b']) {
    it(`is not ${text.slice(0, 20)}`, () => assert.equal(parseHubName(text), undefined));
  }
});

describe('a choice in the cache', () => {
  const kept = choice(['onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model_fp16.onnx']);

  it('is read as it was written', () => assert.deepEqual(parseChoice(choiceText(kept)), kept));

  const damaged = [
    '',
    '{',
    'null',
    '{"revision":"main"}',
    choiceText({ ...kept, revision: '../x' }),
    choiceText({ ...kept, files: { ...kept.files, model: { path: '../x' } } }),
    choiceText({ ...kept, files: { ...kept.files, model: { path: 'x', sha256: 'y' } } }),
    choiceText({ ...kept, files: { ...kept.files, config: 7 } }),
    choiceText({ ...kept, companions: [{ path: '../x' }] }),
    choiceText({ ...kept, companions: 'x' }),
    choiceText({ ...kept, other: '../x' }),
  ];
  for (const text of damaged) {
    it(`that is damaged is none: ${text.slice(0, 60)}`, () => assert.equal(parseChoice(text), undefined));
  }
});
