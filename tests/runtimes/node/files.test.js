import assert from 'node:assert/strict';
import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { rejectsWith } from '../../support/asserts/assertions.js';
import { miniFile } from '../../support/models/mini.js';
import { engineUrl, miniDirectory } from '../../support/paths.js';
import { startHub } from '../../support/servers/hub.js';

const graph = 'onnx/model_quantized.onnx';

describe('model files', () => {
  let root;
  let files;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    files = {
      model: await miniFile(graph),
      tokenizer: await miniFile('tokenizer.json'),
      config: await miniFile('config.json'),
    };
  });
  after(() => rm(root, { recursive: true }));

  /**
   * Makes a directory of links to the mini model's files, `{ to: from }`. If `from` is bytes, it writes them instead.
   */
  async function directory(name, entries) {
    for (const [to, from] of Object.entries(entries)) {
      const path = join(root, name, to);
      await mkdir(dirname(path), { recursive: true });
      await (typeof from === 'string' ? symlink(join(miniDirectory, from), path) : writeFile(path, from));
    }
    return join(root, name);
  }

  async function works(options) {
    const reranker = await createReranker(options);
    assert.equal((await reranker.rerank('query', ['text'])).length, 1);
    const statistics = await reranker.statistics();
    await reranker.dispose();
    return statistics;
  }

  it('come from a directory, as path or as URL', async () => {
    assert.equal((await works({ model: miniDirectory })).model, miniDirectory);
    await works({ model: pathToFileURL(miniDirectory) });
    await works({ model: `${pathToFileURL(miniDirectory).href}/` });
  });

  for (const path of [
    'model_quantized.onnx',
    'onnx/model_int8.onnx',
    'onnx/model_uint8.onnx',
    'onnx/model_qint8_avx512_vnni.onnx',
    'onnx/model_quint8_avx2.onnx',
    'model_qint8_riscv.onnx',
    'onnx/model.onnx',
    'model.onnx',
  ]) {
    it(`come from a directory with ${path}`, async () => {
      const entries = { [path]: graph, 'tokenizer.json': 'tokenizer.json', 'config.json': 'config.json' };
      await works({ model: await directory(path.replaceAll('/', '-'), entries) });
    });
  }

  for (const int8 of ['onnx/model_int8.onnx', 'onnx/model_qint8_avx512_vnni.onnx', 'model_quint8_avx2.onnx']) {
    it(`come from ${int8} where a float graph is beside it`, async () => {
      const model = await directory(`beside-${int8.replaceAll('/', '-')}`, {
        [int8]: graph,
        'onnx/model.onnx': Buffer.alloc(1000, 0xa7),
        'onnx/model_fp16.onnx': Buffer.alloc(1000, 0xa7),
        'tokenizer.json': 'tokenizer.json',
        'config.json': 'config.json',
      });
      await works({ model });
      await rejectsWith(createReranker({ model, file: 'onnx/model.onnx' }), 'invalid_model', /onnx\/model\.onnx/);
    });
  }

  it('come from the graph of a directory or below a URL that `file` names', async () => {
    const file = 'int8 graphs/mine #1.onnx';
    const entries = { [file]: graph, 'tokenizer.json': 'tokenizer.json', 'config.json': 'config.json' };
    const model = await directory('named', entries);
    await works({ model, file });
    await works({ model: pathToFileURL(model), file });
    const none = await rejectsWith(createReranker({ model, file: 'int8 graphs/none.onnx' }), 'model_not_found');
    assert.match(none.message, /has no "int8 graphs\/none\.onnx"; its ONNX files are int8 graphs\/mine #1\.onnx\.$/);
    const hub = await startHub();
    try {
      hub.faults.set(`/mini/${encodeURI(file).replace('#', '%23')}`, (_, response) => response.end(files.model));
      await works({ model: hub.model, file, cache: 'none' });
      assert.ok(hub.requests.every((path) => !path.includes('model_quantized')));
      const missing = createReranker({ model: hub.model, file: 'onnx/none.onnx', cache: 'none' });
      await rejectsWith(missing, 'model_not_found', /\/mini\/onnx\/none\.onnx/);
    } finally {
      await hub.close();
    }
  });

  it('that `file` names leave no directory', async () => {
    for (const file of ['../model.onnx', '/etc/model.onnx', 'onnx/./model.onnx', 'onnx\\model.onnx', 'config.json']) {
      await rejectsWith(
        createReranker({ model: miniDirectory, file }),
        'invalid_input',
        /^`file` must be the relative/,
      );
    }
  });

  for (const missing of [graph, 'tokenizer.json']) {
    it(`without ${missing} are model_not_found`, async () => {
      const entries = { [graph]: graph, 'tokenizer.json': 'tokenizer.json', 'config.json': 'config.json' };
      delete entries[missing];
      const model = await directory(`without-${missing.replaceAll('/', '-')}`, entries);
      const error = await rejectsWith(createReranker({ model }), 'model_not_found');
      assert.ok(error.message.includes(missing));
    });
  }

  it('of a directory that is not there are model_not_found', async () => {
    await rejectsWith(createReranker({ model: join(root, 'none') }), 'model_not_found', /none/);
    await rejectsWith(createReranker({ model: '' }), 'model_not_found', /bge-reranker-base/);
  });

  it('may be bytes, buffers, blobs, data: and file: URLs', async () => {
    const { model, tokenizer, config } = files;
    const copy = Uint8Array.from(model);
    await works({ model: { name: 'bytes', files: { model: copy, tokenizer: copy && tokenizer, config } } });
    assert.equal(copy.length, model.length);
    const data = `data:application/json;base64,${config.toString('base64')}`;
    const mixed = { model: copy.buffer, tokenizer: new Blob([tokenizer]), config: data };
    assert.equal((await works({ model: { name: 'mixed', files: mixed } })).model, 'mixed');
    await works({
      model: { name: 'urls', files: { ...mixed, model: pathToFileURL(join(miniDirectory, graph)).href } },
    });
  });

  it('are closed where the disk does not tell their size', async (context) => {
    const probe = await open(join(miniDirectory, graph));
    await probe.close();
    const failed = [];
    context.mock.method(Object.getPrototypeOf(probe), 'stat', async function stat() {
      failed.push(this);
      throw new Error('input/output error');
    });
    await rejectsWith(works({ model: mini, worker: false }), 'download_failed', /input\/output error/);
    context.mock.restoreAll();
    assert.ok(failed.length > 0);
    for (const { fd } of failed) assert.equal(fd, -1);
  });

  it('need no config', async () => {
    const { model, tokenizer } = mini.files;
    assert.equal((await works({ model: { name: 'short', files: { model, tokenizer } } })).maxTokens, 512);
  });

  it('are checked against their pins wherever they are', async () => {
    const { size } = mini.files.model;
    for (const pin of [{ size: size - 1 }, { size: size + 1 }, { sha256: 'a'.repeat(64) }]) {
      const model = { name: 'pinned', files: { ...mini.files, model: { ...mini.files.model, ...pin } } };
      await rejectsWith(createReranker({ model }), 'integrity_mismatch', /model file/i);
    }
  });

  const broken = [
    ['a graph that is cut short', 'model', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['a graph of noise', 'model', () => Buffer.alloc(1000, 0xa7)],
    ['an empty graph', 'model', () => Buffer.alloc(0)],
    ['a tokenizer that is not JSON', 'tokenizer', () => Buffer.from('not json')],
    ['a tokenizer that is cut short', 'tokenizer', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['a tokenizer of another kind of JSON', 'tokenizer', () => Buffer.from('{}')],
    ['a config that is not JSON', 'config', () => Buffer.from('{')],
  ];

  for (const [what, role, change] of broken) {
    it(`${what} is invalid_model`, async () => {
      const model = { name: 'broken', files: { ...mini.files, [role]: Uint8Array.from(change(files[role])) } };
      await rejectsWith(createReranker({ model }), 'invalid_model', new RegExp(`${role} file`, 'i'));
    });
  }

  it('the engine may be passed as module, bytes or URL', async () => {
    const bytes = await readFile(engineUrl);
    for (const wasm of [await WebAssembly.compile(bytes), bytes, engineUrl, engineUrl.href])
      await works({ model: mini, wasm });
  });

  it('an engine that is none is refused', async () => {
    const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
    await rejectsWith(
      createReranker({ model: mini, wasm: Uint8Array.of(1, 2, 3) }),
      'invalid_input',
      /^`wasm` is not WebAssembly: /,
    );
    await rejectsWith(
      createReranker({ model: mini, wasm: empty }),
      'invalid_input',
      /module is not the engine of this package version: /,
    );
    await rejectsWith(
      createReranker({ model: mini, wasm: pathToFileURL(join(root, 'none')) }),
      'download_failed',
      /none/,
    );
  });
});
