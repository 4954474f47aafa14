import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { API, SymbolFlags } from 'typescript/unstable/sync';

import { installedNodes } from '../support/programs/nodes.js';
import { useProject } from '../support/programs/packed.js';

const attw = fileURLToPath(new URL('../../node_modules/.bin/attw', import.meta.url));

/** Tells whether this Node's `require` loads an ES module without a flag or a warning: 20.19, 22.13 and later do. */
const requires = ([major, minor]) => (major === 20 ? minor >= 19 : major === 22 ? minor >= 13 : major > 22);

const entriesOfTypes = [
  'rerank-wasm/dist/index.d.ts',
  'rerank-wasm/dist/edge/index.d.ts',
  'rerank-wasm/dist/adapters/ai-sdk.d.ts',
  'rerank-wasm/dist/adapters/langchain.d.ts',
  'rerank-wasm-mini/index.d.ts',
];

/**
 * Returns the exports of these modules that lack a docstring. Members of exported interfaces and classes count, too.
 */
function undocumented({ program, checker }, modules) {
  const missing = [];
  const look = (symbol, name) => {
    if (symbol.getDocumentationComment(checker) === '') missing.push(name);
  };
  for (const module of modules) {
    const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(module)));
    assert.ok(exported.length > 0, `${module} exports nothing`);
    for (const symbol of exported) {
      const target = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      look(target, symbol.name);
      if (!(target.flags & (SymbolFlags.Interface | SymbolFlags.Class))) continue;
      for (const [name, member] of target.getMembers()) {
        const isPublic = member.flags & SymbolFlags.ClassMember && !name.includes('#');
        if (isPublic) look(member, `${symbol.name}.${name}`);
      }
    }
  }
  return missing;
}

const rank = `
  const results = await reranker.rerank('capital of France', ['giraffe', 'Paris is the capital of France.']);
  console.log(results.map(({ index }) => index).join());
  await reranker.dispose();
`;

describe('the packages after npm install', () => {
  const project = useProject();
  const folderOf = (name) => join(project.directory, 'node_modules', name);

  /** Runs a program of the project in a Node. Returns its output and what it wrote to standard error. */
  function runs(node, type, program) {
    const options = { cwd: project.directory, encoding: 'utf8' };
    const { stdout, stderr } = spawnSync(node, [`--input-type=${type}`, '--eval', program], options);
    return [stdout.trim(), stderr];
  }

  /** Bundles all code that a condition leads to. Returns it as one file, with what esbuild knows of it. */
  async function bundle(entry, conditions, platform = 'neutral') {
    const { outputFiles, metafile } = await build({
      entryPoints: [entry],
      absWorkingDir: project.directory,
      conditions,
      platform,
      target: 'es2021',
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      external: ['*.wasm', '*.wasm?module', 'node:*'],
      outdir: 'out',
    });
    const [{ imports, exports }] = Object.values(metafile.outputs);
    return { text: outputFiles[0].text, imports, exports };
  }

  for (const name of ['rerank-wasm', 'rerank-wasm-mini']) {
    it(`has nothing that publint holds against ${name}`, async () => {
      const { messages, pkg } = await publint({ pkgDir: folderOf(name), strict: true });
      assert.deepEqual(
        messages.map((message) => formatMessage(message, pkg, { color: false })),
        [],
      );
    });
  }

  it('has types that TypeScript finds as Node and bundlers find the code, and where it knows no exports', () => {
    // The packages are ES modules, which CommonJS may require. A graph has no types.
    const rules = ['--profile', 'strict', '--ignore-rules', 'cjs-resolves-to-esm'];
    const parameters = [...rules, '--no-emoji', '--exclude-entrypoints', './onnx/model_quantized.onnx'];
    for (const tarball of project.tarballs) {
      const { status, stdout } = spawnSync(attw, [tarball, ...parameters], { encoding: 'utf8' });
      assert.equal(status, 0, stdout);
    }
  });

  it('has a docstring on every exported name and member', () => {
    const path = join(project.directory, 'tsconfig.json');
    const modules = entriesOfTypes.map((name) => folderOf(name));
    const compilerOptions = { module: 'NodeNext', target: 'ES2022', lib: ['ES2022', 'DOM'], types: [] };
    writeFileSync(path, JSON.stringify({ compilerOptions, files: modules }));
    const compiler = new API();
    try {
      const typed = compiler.updateSnapshot({ openProjects: [path] }).getProject(path);
      assert.deepEqual(undocumented(typed, modules), []);
    } finally {
      compiler.close();
    }
  });

  it('ranks lines on the command line, with the small model', () => {
    const run = (words, input) => {
      const options = { cwd: project.directory, encoding: 'utf8', input };
      const { stdout, stderr } = spawnSync(join('node_modules', '.bin', 'rerank-wasm'), words, options);
      return [stdout, stderr];
    };
    const { version } = JSON.parse(readFileSync(join(folderOf('rerank-wasm'), 'package.json'), 'utf8'));
    assert.deepEqual(run(['--version']), [`${version}\n`, '']);
    const [output, errors] = run(
      ['--model', 'mini', 'capital of France'],
      'giraffe\nParis is the capital of France.\n',
    );
    const texts = output
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t').at(-1));
    assert.deepEqual([texts, errors], [['Paris is the capital of France.', 'giraffe'], '']);
  });

  const environments = ['workerd', 'edge-light', 'deno', 'bun', 'node', 'worker', 'browser', 'default'];

  for (const entry of ['rerank-wasm', 'rerank-wasm/edge']) {
    it(`exports the same names everywhere from ${entry}`, async () => {
      const { exports } = JSON.parse(readFileSync(join(folderOf('rerank-wasm'), 'package.json'), 'utf8'));
      const conditions = Object.keys(exports[entry.replace('rerank-wasm', '.')]);
      assert.deepEqual(conditions, ['types', ...environments]);
      const names = new Set();
      for (const environment of environments) names.add((await bundle(entry, [environment])).exports.sort().join());
      assert.equal(names.size, 1, [...names].join('\n'));
    });
  }

  for (const entry of ['rerank-wasm', 'rerank-wasm/edge', 'rerank-wasm/worker']) {
    for (const environment of ['workerd', 'edge-light', 'node', 'browser']) {
      it(`waits, imports and evaluates nothing late in ${entry} for ${environment}`, async () => {
        // esbuild refuses a top-level await for this target.
        const { text, imports } = await bundle(entry, [environment]);
        assert.deepEqual(
          imports.filter(({ kind }) => kind !== 'import-statement'),
          [],
        );
        assert.doesNotMatch(text, /\beval\s*\(|\bnew Function\b/);
      });
    }
  }

  it('keeps the worker in a bundle, although its import has no names', async () => {
    const { text } = await build({
      stdin: { contents: "import 'rerank-wasm/worker';", resolveDir: project.directory },
      bundle: true,
      write: false,
      format: 'esm',
    }).then(({ outputFiles }) => outputFiles[0]);
    assert.match(text, /"ready"/);
  });

  for (const { path, version } of installedNodes()) {
    it(`ranks when it is imported in Node ${version}, and standard error stays empty`, () => {
      const program = `
        import { createReranker } from 'rerank-wasm';
        import mini from 'rerank-wasm-mini';
        const reranker = await createReranker({ model: mini });
        ${rank}
      `;
      assert.deepEqual(runs(path, 'module', program), ['1,0', '']);
    });

    const skip = !requires(version.split('.').map(Number)) && 'this Node has no require(esm)';

    it(`ranks when it is required in Node ${version}, and standard error stays empty`, { skip }, () => {
      const program = `
        const { createReranker } = require('rerank-wasm');
        const { default: mini } = require('rerank-wasm-mini');
        createReranker({ model: mini }).then(async (reranker) => { ${rank} });
      `;
      assert.deepEqual(runs(path, 'commonjs', program), ['1,0', '']);
    });
  }
});
