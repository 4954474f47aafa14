import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createReranker as create, directoryCache, isCached, modelFiles } from 'rerank-wasm';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { hurry } from '../../support/asserts/time.js';
import { tiny, tinyDirectory, tinyRepository } from '../../support/models/tiny.js';
import { withRanges } from '../../support/servers/faults.js';
import { startHub } from '../../support/servers/hub.js';

const fixtures = fileURLToPath(new URL('../../fixtures/external/', import.meta.url));
const [graph, data] = ['onnx/model_quantized.onnx', 'onnx/int8.onnx_data'];

/** The tiny model with its weights in a second file, and other models that differ in a form of the graph. */
describe('a model', () => {
  hurry();
  let root;
  let hub;
  let whole;
  let split;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    hub = await startHub();
    whole = await tinyRepository();
    const [of, weights] = await Promise.all(['int8.onnx', 'int8.onnx_data'].map((it) => readFile(join(fixtures, it))));
    split = { ...whole, [graph]: of, [data]: weights };
  });
  beforeEach(() => {
    hub.faults.clear();
    hub.repositories.clear();
  });
  after(async () => {
    await hub.close();
    await rm(root, { recursive: true });
  });

  /** Loads and ranks; returns scores, warnings, statistics and the files of the progress. */
  async function ranks(options) {
    const [warnings, files] = [[], new Set()];
    const onWarning = (warning) => warnings.push(warning);
    const onProgress = ({ phase, file }) => phase === 'download' && files.add(file);
    const reranker = await create({ cache: 'none', threads: 1, onWarning, onProgress, ...options });
    const results = await reranker.rerank('query', ['text', 'another']);
    const statistics = await reranker.statistics();
    await reranker.dispose();
    return { logits: results.map(({ logit }) => logit), warnings, statistics, files: [...files] };
  }

  async function directory(name, files) {
    for (const [path, bytes] of Object.entries(files)) {
      await mkdir(join(root, name, 'onnx'), { recursive: true });
      await writeFile(join(root, name, path), bytes);
    }
    return join(root, name);
  }

  function served(files) {
    for (const [path, bytes] of Object.entries(files)) hub.faults.set(`/split/${path}`, withRanges(bytes));
    return `${hub.url}/split`;
  }

  describe('with its weights in a second file', () => {
    let expected;
    before(async () => {
      ({ logits: expected } = await ranks({ model: tiny }));
    });

    it('loads from a directory', async () => {
      const { logits, files } = await ranks({ model: await directory('split', split) });
      assert.deepEqual(logits, expected);
      assert.deepEqual(files, ['config', 'tokenizer', 'model', 'data']);
    });

    it('loads from a URL', async () => {
      const { logits } = await ranks({ model: served(split) });
      assert.deepEqual(logits, expected);
    });

    it('loads from a repository, and from the cache without a network', async () => {
      const cache = directoryCache(join(root, 'cache'));
      hub.repositories.publish('org/split', split);
      const options = { model: 'org/split', hub: hub.url, cache };
      assert.deepEqual((await ranks(options)).logits, expected);
      const kept = (await cache.list()).filter(({ url }) => url.endsWith('onnx_data'));
      assert.deepEqual(
        kept.map(({ size }) => size),
        [split[data].length],
      );
      hub.repositories.clear();
      assert.deepEqual((await ranks(options)).logits, expected);
    });

    it('is listed with its weights once it was loaded from a URL, and is cached only with them', async () => {
      const cache = directoryCache(join(root, 'listed'));
      const model = served(split);
      const listed = async () => (await modelFiles(model, { cache })).map(({ file, size }) => [file, size]);
      assert.equal((await listed()).length, 3);
      await ranks({ model, cache });
      assert.deepEqual((await listed()).at(-1), ['data', split[data].length]);
      assert.equal(await isCached(model, { cache }), true);
      await cache.delete(`${model}/${data}`);
      assert.equal(await isCached(model, { cache }), false);
    });

    it('loads with its weights in two files', async () => {
      const more = 'onnx/more.onnx_data';
      const bytes = Buffer.from(split[graph]);
      bytes.write('more', bytes.lastIndexOf('int8.onnx_data'), 'latin1');
      const files = { ...split, [graph]: bytes, [more]: split[data] };
      hub.repositories.publish('org/split', files);
      for (const options of [
        { model: await directory('two', files) },
        { model: served(files) },
        { model: 'org/split', hub: hub.url },
      ]) {
        const { logits, files } = await ranks(options);
        assert.deepEqual(logits, expected);
        assert.deepEqual(files, ['config', 'tokenizer', 'model', 'data']);
      }
    });

    it('takes its weights anew where the cached file is damaged', async () => {
      const path = join(root, 'damaged');
      const cache = directoryCache(path);
      const model = served(split);
      await ranks({ model, cache });
      const { key, ...facts } = (await cache.list()).find(({ url }) => url.endsWith('onnx_data'));
      for (const damaged of [split[data].subarray(0, 70_000), Buffer.concat([split[data], Buffer.alloc(9)])]) {
        const writer = await cache.write(key);
        await writer.write(damaged);
        await writer.commit({ ...facts, size: damaged.length });
        assert.deepEqual((await ranks({ model, cache })).logits, expected);
      }
    });

    it('is refused by the name of the file if that is missing', async () => {
      const { [data]: _, ...rest } = split;
      const missing = await directory('missing', rest);
      await rejectsWith(ranks({ model: missing }), 'model_not_found', /onnx\/int8\.onnx_data cannot be read/);
      await rejectsWith(ranks({ model: served(rest) }), 'model_not_found', /\/split\/onnx\/int8\.onnx_data/);
      hub.repositories.publish('org/split', rest);
      const fromHub = ranks({ model: 'org/split', hub: hub.url });
      await rejectsWith(fromHub, 'model_not_found', /int8\.onnx_data.*org\/split lacks this file\.$/);
      const files = { ...tiny.files, model: new Uint8Array(split[graph]) };
      const fromBytes = ranks({ model: { name: 'bytes', files } });
      await rejectsWith(
        fromBytes,
        'unsupported_model',
        /in the file "int8\.onnx_data" beside its graph, which came as bytes/,
      );
    });

    it('is refused if the file is short or has another hash', async () => {
      const short = { ...split, [data]: split[data].subarray(1) };
      const cut = ranks({ model: await directory('short', short) });
      await rejectsWith(
        cut,
        'invalid_model',
        /of "int8\.onnx_data"; the file has 166527 bytes; replace it with a sound copy \(file:.*int8\.onnx_data\)\.$/,
      );
      const changed = Buffer.from(split[data]);
      changed[100_000] ^= 1;
      const { commit } = hub.repositories.publish('org/split', { ...split, [data]: changed });
      // The list has the hash of another file.
      hub.faults.set(`/org/split/resolve/${commit}/${data}`, withRanges(split[data]));
      const wrong = ranks({ model: 'org/split', hub: hub.url });
      await rejectsWith(wrong, 'integrity_mismatch', /^Data file: the file has the SHA-256/);
    });
  });

  /** The tiny graph with an operator replaced by a text of the same length. */
  function replaced(from, to) {
    const bytes = Buffer.from(whole[graph]);
    const places = [];
    for (let place = bytes.indexOf(from); place >= 0; place = bytes.indexOf(from, place + 1)) places.push(place);
    assert.equal(places.length, 2);
    for (const place of places) bytes.write(to, place, 'latin1');
    return bytes;
  }

  describe('in a form that the engine does not run', () => {
    const forms =
      /Model file: the graph uses operators that the engine does not support: QLinear \(2\); the forms that work are int8/;

    it('is refused with a file of the same repository that works', async () => {
      const foreign = replaced('"\x07Softmax', '"\x07QLinear');
      hub.repositories.publish('org/forms', { ...whole, [graph]: foreign, 'onnx/model.onnx': whole[graph] });
      const options = { model: 'org/forms', hub: hub.url };
      const error = await rejectsWith(ranks(options), 'unsupported_model', forms);
      assert.match(
        error.message,
        /The same repository has `file: 'onnx\/model\.onnx'`, which has the name of such a form\.$/,
      );
      await ranks({ ...options, file: 'onnx/model.onnx' });
    });

    it('is refused with a file of the same directory that works', async () => {
      const foreign = replaced('"\x07Softmax', '"\x07QLinear');
      const model = await directory('forms', { ...whole, [graph]: foreign, 'onnx/model_int8.onnx': whole[graph] });
      const error = await rejectsWith(ranks({ model }), 'unsupported_model', forms);
      assert.match(error.message, /The same directory has `file: 'onnx\/model_int8\.onnx'`, which has the name of/);
      await ranks({ model, file: 'onnx/model_int8.onnx' });
    });

    it('is refused with the forms that work if it came from elsewhere', async () => {
      const foreign = replaced('"\x07Softmax', '"\x07QLinear');
      const model = await directory('foreign', { ...whole, [graph]: foreign });
      const error = await rejectsWith(ranks({ model }), 'unsupported_model', forms);
      assert.match(error.message, /fp16 and fp32 \(model\.onnx\)\.$/);
    });
  });

  describe('that generates text', () => {
    it('is refused before its graph arrives', async () => {
      const config = JSON.stringify({ architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3' });
      const model = join(root, 'decoder');
      await cp(tinyDirectory, model, { recursive: true });
      await writeFile(join(model, 'config.json'), config);
      await rejectsWith(
        ranks({ model }),
        'unsupported_model',
        /^Config file: the model is a language model that generates text, or is built on one, as its architecture Qwen3ForCausalLM shows; choose a cross-encoder on an encoder such as BERT, which reads query and document at once \(file:/,
      );
    });
  });

  describe('with parts that the engine has no fast form of', () => {
    it('works with one warning, and its statistics count the parts', async () => {
      const add = 'attention/self/Add"\x03';
      const model = await directory('slow', { ...whole, [graph]: replaced(`${add}Add`, `${add}Mul`) });
      const { warnings, statistics } = await ranks({ model });
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ['slow_model'],
      );
      assert.match(
        warnings[0].message,
        /\(4 MatMul, 2 Softmax\).* Choose a model of one of these families: `npx rerank-wasm models` lists some\.$/,
      );
      assert.deepEqual(statistics.unfused, { MatMul: 4, Softmax: 2 });
    });

    it('names an int8 graph of the same repository or directory', async () => {
      const add = 'attention/self/Add"\x03';
      const slow = replaced(`${add}Add`, `${add}Mul`);
      const files = { ...whole, 'onnx/model.onnx': slow };
      hub.repositories.publish('org/slow', files);
      for (const [holder, options] of [
        ['repository', { model: 'org/slow', hub: hub.url }],
        ['directory', { model: await directory('slow-beside', files) }],
      ]) {
        const { warnings } = await ranks({ ...options, file: 'onnx/model.onnx' });
        assert.equal(warnings.length, 1);
        const expected = ` Try \`file: '${graph}'\`, an int8 graph in the same ${holder}, or a model of one of these`;
        assert.ok(warnings[0].message.includes(expected), warnings[0].message);
        assert.deepEqual((await ranks(options)).warnings, []);
      }
    });

    it('has none of that in usual files', async () => {
      const { warnings, statistics } = await ranks({ model: tiny });
      assert.deepEqual([warnings, statistics.unfused], [[], {}]);
    });
  });
});
