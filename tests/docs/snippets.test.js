import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { useProject } from '../support/programs/packed.js';
import { isolation } from '../support/servers/headers.js';
import { startHub } from '../support/servers/hub.js';
import { codeBlocks } from './markdown.js';
import { read, repository } from './paths.js';
import { best, documents } from './snippet-texts.mjs';

const limitMilliseconds = 120_000;
const blocks = codeBlocks(read('README.md'));

/**
 * Each entry says how to run a snippet and how to check its result. `has` is a text that only this snippet contains.
 * `scope` names the values that it finds in its scope. `exports` names its values that the check reads. `setUp` and
 * `main` are code before and after it.
 */
const javaScript = [
  {
    name: 'the first call',
    has: 'console.log(results[0])',
    check({ output, code }) {
      const [, shown] = /console\.log\(results\[0\]\); \/\/ (.*)$/m.exec(code);
      assert.match(output.trim().replace(/\s+/g, ' '), asShown(shown));
      assert.ok(shown.includes('logit: ') && shown.includes('…'), shown);
    },
  },
  {
    name: 'long documents',
    has: 'longDocuments',
    scope: ['query', 'documents', 'reranker'],
    exports: ['best'],
    check({ best: results }) {
      assert.equal(results.length, 3);
      assert.equal(results[0].index, best);
    },
  },
  {
    name: 'stream',
    has: 'reranker.stream(',
    scope: ['query', 'documents', 'reranker', 'show'],
    check({ output }) {
      const shown = output.trimEnd().split('\n');
      assert.deepEqual(
        shown.map((line) => Number(line.split(' ')[0])),
        documents.map((_, index) => index),
      );
      const scores = shown.map((line) => Number(line.split(' ')[1]));
      assert.equal(scores.indexOf(Math.max(...scores)), best);
    },
  },
  {
    name: 'cancel and progress',
    has: 'AbortSignal.timeout',
    scope: ['query', 'documents', 'reranker', 'show'],
    exports: ['ranked'],
    check({ output, ranked }) {
      assert.equal(output, documents.map((_, index) => `${index + 1} ${documents.length}\n`).join(''));
      assert.equal(ranked[0].index, best);
    },
  },
  {
    name: 'cache',
    has: 'directoryCache',
    scope: ['url'],
    exports: ['kept'],
    // The default cache must hold something.
    setUp:
      "const { createReranker } = await import('rerank-wasm'); await (await createReranker({ model: url })).dispose();",
    check({ output, code, directory }) {
      const [, shown] = /console\.log\(await listCache\(\)\);.*\[\{ (.*) \}\]/.exec(code);
      const names = shown.split(', ').sort();
      const listed = [...output.matchAll(/^ {4}(\w+): /gm)].map(([, name]) => name);
      assert.ok(listed.length > 0, output);
      assert.deepEqual([...new Set(listed)].sort(), names);
      assert.ok(readdirSync(join(directory, 'models')).some((name) => name.endsWith('.bin')));
      assert.deepEqual(readdirSync(join(directory, 'cache', 'models')), []);
    },
  },
  {
    name: 'embeddings',
    has: 'createEmbedder',
    imports: ['createEmbedder'],
    exports: ['embedder', 'embeddings'],
    check({ embeddings: [vector] }) {
      const numbers = Object.values(vector);
      assert.equal(numbers.length, 384);
      assert.ok(Math.abs(Math.hypot(...numbers) - 1) < 1e-6);
    },
  },
  {
    name: 'AI SDK',
    has: 'rerank-wasm/ai-sdk',
    scope: ['query', 'documents', 'mini'],
    exports: ['ranking'],
    check({ ranking }) {
      assert.deepEqual([ranking.length, ranking[0].originalIndex], [3, best]);
      assert.equal(ranking[0].document, documents[best]);
    },
  },
  {
    name: 'LangChain.js',
    has: 'rerank-wasm/langchain',
    scope: ['query', 'mini', 'retriever'],
    exports: ['compressed'],
    check({ compressed }) {
      assert.equal(compressed.length, 3);
      assert.equal(compressed[0].metadata.page, best);
      assert.equal(typeof compressed[0].metadata.relevanceScore, 'number');
    },
  },
  {
    name: 'HTTP',
    has: 'createHandler',
    scope: ['query', 'documents'],
    main: `
      const ask = (key) => module.default.fetch(new Request('https://reranker.example/v1/rerank', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: \`Bearer \${key}\` },
        body: JSON.stringify({ query, documents }),
      }), { API_KEY: 'good' });
      for (const key of ['good', 'wrong']) {
        const answer = await ask(key);
        const { results } = await answer.json();
        print(answer.status, results?.[0].index);
      }`,
    check: ({ output }) => assert.equal(output, `200 ${best}\n401 undefined\n`),
  },
];

const others = [
  {
    name: 'the headers for threads',
    language: 'http',
    check({ code }) {
      const sent = code.split('\n').map((line) => line.split(/:\s*/));
      assert.deepEqual(Object.fromEntries(sent.map(([name, value]) => [name.toLowerCase(), value])), isolation);
    },
  },
  {
    name: 'the command line',
    language: 'sh',
    async check({ code, directory }) {
      writeFileSync(join(directory, 'help.txt'), 'Press F1.\nTo cancel, press Escape.\nSave often.\nPrint with P.\n');
      const { output } = await run('bash', ['-euo', 'pipefail', '-c', code], directory, {
        npm_config_offline: 'true',
        npm_config_update_notifier: 'false',
      });
      const rows = output
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'));
      assert.deepEqual(
        rows.map(([, place]) => place.replace(/:\d+$/, '')),
        ['help.txt', 'help.txt', 'help.txt'],
      );
      assert.equal(rows[0][2], 'To cancel, press Escape.');
      assert.ok(rows.every(([score]) => /^[01]\.\d{6}$/.test(score)));
    },
  },
];

/** Makes a pattern of the README's output: `…` stands for the digits that it leaves out. */
function asShown(shown) {
  const literal = shown.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('\\d*')}$`);
}

/** Runs a program to its end. If the program fails, the error has what it wrote. */
async function run(program, parameters, cwd, environment = {}) {
  const env = { ...process.env, ...environment };
  const child = spawn(program, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMilliseconds });
  const [output, errors, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  assert.equal(code, 0, `${program} ended with ${signal ?? code}\n${output}${errors}`);
  assert.equal(errors, '');
  return { output };
}

/** Returns the program that runs `snippet.mjs` and writes the snippet's exports to `exports.json`. */
function programOf({ scope = [], setUp = '', main = '' }) {
  return `
    import { writeFileSync } from 'node:fs';
    import { provide } from './snippet-scope.mjs';
    const print = (...values) => console.log(...values);
    await provide(${JSON.stringify(scope)});
    ${setUp}
    const module = await import('./snippet.mjs');
    ${main}
    writeFileSync('exports.json', JSON.stringify({ ...module }));
    for (const value of [globalThis.reranker, ...Object.values(module)]) await value?.dispose?.();
  `;
}

describe('the snippets of the README', () => {
  let hub;
  const project = useProject();
  before(async () => {
    hub = await startHub();
    // The snippets need these packages; rerank-wasm does not.
    const modules = join(project.directory, 'node_modules');
    for (const name of ['ai', '@langchain/core']) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(repository, 'node_modules', name), join(modules, name));
    }
  });
  after(() => hub.close());

  it('are all run', () => {
    const claimed = blocks.map(({ language, code }) =>
      language === 'js'
        ? javaScript.filter(({ has }) => code.includes(has)).map(({ name }) => name)
        : others.filter((other) => other.language === language).map(({ name }) => name),
    );
    assert.deepEqual(
      claimed,
      claimed.map(([name]) => [name]),
    );
    assert.deepEqual(claimed.flat().sort(), [...javaScript, ...others].map(({ name }) => name).sort());
  });

  for (const snippet of javaScript) {
    it(`${snippet.name}`, async () => {
      const { code } = blocks.find((block) => block.language === 'js' && block.code.includes(snippet.has));
      const directory = folder(snippet.name);
      for (const name of ['snippet-host.mjs', 'snippet-scope.mjs', 'snippet-texts.mjs']) {
        cpSync(fileURLToPath(new URL(name, import.meta.url)), join(directory, name));
      }
      const { imports = [], exports = [] } = snippet;
      writeFileSync(
        join(directory, 'snippet.mjs'),
        [
          ...imports.map((name) => `import { ${name} } from 'rerank-wasm';`),
          code,
          `export { ${exports.join(', ')} };`,
        ].join('\n'),
      );
      writeFileSync(join(directory, 'main.mjs'), programOf(snippet));
      const environment = {
        MODEL_URL: hub.model,
        RERANK_WASM_CACHE: join(directory, 'cache'),
        NODE_OPTIONS: `--import=${pathToFileURL(join(directory, 'snippet-host.mjs'))}`,
      };
      const { output } = await run(process.execPath, ['main.mjs'], directory, environment);
      const exported = JSON.parse(readFileSync(join(directory, 'exports.json'), 'utf8'));
      await snippet.check({ output, code, directory, ...exported });
    });
  }

  for (const snippet of others) {
    it(`${snippet.name}`, async () => {
      const { code } = blocks.find(({ language }) => language === snippet.language);
      await snippet.check({ code, directory: folder(snippet.name) });
    });
  }

  it('are seen to fail', async () => {
    assert.match('{ index: 1, logit: 8.271 }', asShown('{ index: 1, logit: 8.27… }'));
    assert.doesNotMatch('{ index: 1, logit: 4.61 }', asShown('{ index: 1, logit: 8.27… }'));
    assert.doesNotMatch('{ index: 1, logit: 8.271 }', asShown('{ index: 1, logit: 8.2 }'));
    await assert.rejects(run(process.execPath, ['--eval', 'throw new Error("broken")'], project.directory), /broken/);
    await assert.rejects(run(process.execPath, ['--eval', 'console.error("warned")'], project.directory), /warned/);
  });

  /** Makes a folder of the project for one snippet. */
  function folder(name) {
    const path = join(project.directory, name.replaceAll(/\W+/g, '-'));
    assert.ok(!existsSync(path));
    mkdirSync(path);
    return path;
  }
});
