import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import vm from 'node:vm';

import { build } from 'esbuild';

import { useProject } from '../support/programs/packed.js';

/** Imports all that both packages export. `rank` receives the options, and returns the order or the error. */
const program = `
  import { createReranker, RerankError } from 'rerank-wasm';
  import { createHandler } from 'rerank-wasm/edge';
  import { rerankWasm } from 'rerank-wasm/ai-sdk';
  import { RerankWasmCompressor } from 'rerank-wasm/langchain';
  import mini from 'rerank-wasm-mini';
  globalThis.adapters = [createHandler(), rerankWasm(), new RerankWasmCompressor()];
  globalThis.rank = async (options) => {
    try {
      const reranker = await createReranker({ model: mini, ...options });
      const results = await reranker.rerank('capital of France', ['giraffe', 'Paris is the capital of France.']);
      await reranker.dispose();
      return results.map(({ index }) => index).join();
    } catch (error) {
      return error instanceof RerankError ? error.code + ': ' + error.message : 'no RerankError: ' + error;
    }
  };
`;

const printed = `${program}
  const read = (path) => new Uint8Array(require('node:fs').readFileSync(path));
  const options = new Function('read', 'require', 'return ' + process.argv[2]);
  rank(options(read, require)).then(console.log);
`;

describe('a bundle that is a script and no module', () => {
  const project = useProject();
  const installed = (...path) => join(project.directory, 'node_modules', ...path);
  /** A place with characters that a URL escapes. */
  const place = (...path) => join(project.directory, 'a b#c%20d', ...path);

  const bundle = async (contents, options) => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: project.directory },
      bundle: true,
      write: false,
      logOverride: { 'empty-import-meta': 'silent' },
      ...options,
    });
    return outputFiles[0].text;
  };

  describe('in CommonJS, for Node', () => {
    before(async () => {
      const text = await bundle(printed, { format: 'cjs', platform: 'node' });
      mkdirSync(place());
      writeFileSync(place('package.json'), '{ "type": "commonjs" }');
      writeFileSync(place('main.cjs'), text);
    });

    /** Runs the bundle with the options, which are an expression of JavaScript. */
    function ranks(options = '{}') {
      const { stdout, stderr } = spawnSync(process.execPath, [place('main.cjs'), options], { encoding: 'utf8' });
      return [stdout.trim(), stderr];
    }

    it('loads, and says which option names the engine if it lies nowhere', () => {
      const [answer, errors] = ranks();
      assert.match(answer, /^download_failed: The WebAssembly file of the engine is missing: .*a b#c%20d.*`wasm`\.$/);
      assert.equal(errors, '');
    });

    const engine = (name) => JSON.stringify(installed('rerank-wasm/dist/wasm', name));
    const model = (name) => JSON.stringify(installed('rerank-wasm-mini', name));
    const bytes = () =>
      `{ name: 'mine', files: { model: read(${model('onnx/model_quantized.onnx')}), tokenizer: read(${model('tokenizer.json')}) } }`;

    it('says which option names the model if it lies nowhere', () => {
      const [answer] = ranks(`{ wasm: ${engine('.')} }`);
      assert.match(answer, /^model_not_found: The file .*a b#c%20d.config\.json cannot be read: .*`model`\.$/);
    });

    for (const [what, options] of [
      ['the bytes of an engine and of a model', () => `{ wasm: read(${engine('rerank.wasm')}), model: ${bytes()} }`],
      [
        'a compiled engine and the directory of a model',
        () => `{ wasm: new WebAssembly.Module(read(${engine('rerank.wasm')})), model: ${model('')} }`,
      ],
      ['the paths of an engine and of a model', () => `{ wasm: ${engine('rerank.wasm')}, model: ${model('')} }`],
      ['the path of all engines', () => `{ wasm: ${engine('.')}, model: ${model('')} }`],
      [
        'the URL of all engines',
        () => `{ wasm: require('node:url').pathToFileURL(${engine('/')}), model: ${model('')} }`,
      ],
    ]) {
      it(`ranks with ${what}`, () => assert.deepEqual(ranks(options()), ['1,0', '']));
    }

    it('ranks with the files that lie beside it, in a worker with two threads', async () => {
      const thread = installed('rerank-wasm/dist/platforms/node-thread.js');
      for (const [name, script] of [
        ['node-worker.js', 'rerank-wasm/worker'],
        ['node-thread.js', thread],
      ]) {
        const contents = `import ${JSON.stringify(script)};`;
        writeFileSync(place(name), await bundle(contents, { format: 'cjs', platform: 'node' }));
      }
      cpSync(installed('rerank-wasm/dist/wasm'), place('wasm'), { recursive: true });
      for (const name of ['onnx', 'tokenizer.json', 'config.json']) {
        cpSync(installed('rerank-wasm-mini', name), place(name), { recursive: true });
      }
      const options = '{ worker: true, threads: 2, onWarning: ({ message }) => console.error(message) }';
      assert.deepEqual(ranks(options), ['1,0', '']);
    });
  });

  describe('for browsers, in a classic script', () => {
    const names =
      'AbortSignal Blob MessageChannel Response TextDecoder TextEncoder URL clearTimeout fetch performance setTimeout';
    const web = Object.fromEntries(names.split(' ').map((name) => [name, globalThis[name]]));
    let context;
    let files;
    let wasm;
    before(async () => {
      const read = (...path) => new Uint8Array(readFileSync(installed(...path)));
      wasm = read('rerank-wasm/dist/wasm/rerank.wasm');
      files = {
        model: read('rerank-wasm-mini/onnx/model_quantized.onnx'),
        tokenizer: read('rerank-wasm-mini/tokenizer.json'),
      };
      context = vm.createContext(web);
      vm.runInContext(await bundle(program, { format: 'iife', platform: 'browser' }), context);
    });

    it('loads, and says which option names the model', async () => {
      assert.match(await context.rank({ wasm }), /^invalid_input: `model\.files\.config` must be .* as `model`\.$/);
    });

    it('says which option names the engine', async () => {
      assert.match(
        await context.rank({ model: { name: 'mine', files } }),
        /^unsupported_environment: This script does not know its address, so it cannot find wasm.rerank[\w-]*\.wasm; pass `wasm`\.$/,
      );
    });

    it('ranks with the files that it is given', async () => {
      assert.equal(await context.rank({ wasm, model: { name: 'mine', files } }), '1,0');
    });
  });
});
