import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';

import * as main from 'rerank-wasm';
import * as aiSdk from 'rerank-wasm/ai-sdk';
import * as edge from 'rerank-wasm/edge';
import * as langchain from 'rerank-wasm/langchain';
import * as searching from 'rerank-wasm/search';
import mini from 'rerank-wasm-mini';

import { ClientEmbedder } from '#internal/embedder/client.js';
import { distUrl } from '../../support/paths.js';

const { createEmbedder, createReranker, rerank } = main;
const { embedWasm, rerankWasm } = aiSdk;
const { createHandler } = edge;
const { createSearch } = searching;
const { RerankWasmCompressor, RerankWasmEmbeddings } = langchain;

const declared = [
  ...['types', 'loading', 'embedding', 'embedding-use', 'model-source'].map((name) => `common/${name}`),
  ...['edge/types', 'adapters/reranker-source', 'adapters/ai-sdk', 'search/types'],
].map((name) => readFileSync(new URL(`${name}.d.ts`, distUrl), 'utf8'));

/** Returns the names that a public type has, from the package's own declarations. */
function namesOf(type) {
  for (const text of declared) {
    const [, base, members] =
      new RegExp(`^export interface ${type}\\b(?:<[^{]*>)?(?: extends (\\w+))? \\{\\n(.*?)^\\}`, 'ms').exec(text) ?? [];
    if (members) {
      const own = [...members.matchAll(/^(?: {4}|\t)(\w+)\??[:(<]/gm)].map(([, name]) => name);
      return base ? [...own, ...namesOf(base)] : own;
    }
    const [, kind, whole, list] =
      new RegExp(`^export type ${type} = (Pick|Omit)<(\\w+), ([^>]+)>`, 'm').exec(text) ?? [];
    if (!kind) continue;
    const listed = [...list.matchAll(/'(\w+)'/g)].map(([, name]) => name);
    return kind === 'Pick' ? listed : namesOf(whole).filter((name) => !listed.includes(name));
  }
  throw new Error(`no declaration of ${type}`);
}

/** Returns the types that a door exports. */
function typesOf(door) {
  const text = readFileSync(new URL(`${door}.d.ts`, distUrl), 'utf8');
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]+)\}/gm)].flatMap(([, names]) =>
    names.match(/\w+(?=\s*(,|$))/g),
  );
  const own = [...text.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name);
  return [...listed, ...own];
}

let reranker;
let embedder;
let search;
const stopped = AbortSignal.abort();
const texts = ['text'];
const file = { location: 'data:,none' };
const files = { model: file, tokenizer: file };
const load = (model) => createReranker({ model });

/** Every public call that takes a type, as a function that passes an object of this type and fails if it is wrong. */
const calls = {
  RerankerOptions: {
    createReranker: (options) => createReranker({ ...options, signal: stopped }),
    'createHandler, below `reranker`': (options) => createHandler({ reranker: options }),
    rerankWasm: (options) => rerankWasm(options),
    RerankWasmCompressor: (options) => new RerankWasmCompressor(options),
  },
  ModelOptions: {
    createReranker: (options) => createReranker({ ...options, signal: stopped }),
    createEmbedder: (options) => createEmbedder({ ...options, signal: stopped }),
  },
  EmbedderOptions: {
    createEmbedder: (options) => createEmbedder({ ...options, signal: stopped }),
    'createHandler, below `embedder`': (options) => createHandler({ embedder: options }),
    embedWasm: (options) => embedWasm(options),
    RerankWasmEmbeddings: (options) => new RerankWasmEmbeddings(options),
  },
  EmbeddingPrompts: { createEmbedder: (prompts) => createEmbedder({ prompts, signal: stopped }) },
  EmbeddingUse: { createEmbedder: (embedding) => createEmbedder({ model: { name: 'mine', files, embedding } }) },
  EmbedOptions: { embed: (options) => embedder.embed(texts, options) },
  SplitOptions: { split: (options) => embedder.split(texts, options) },
  EmbeddingOptions: {
    embedWasm: (options) => embedWasm(embedder, options),
    'embedWasm, with options of its provider': (options) =>
      embedWasm(embedder).doEmbed({ values: texts, providerOptions: { 'rerank-wasm': options } }),
  },
  RerankOptions: {
    rerank: (options) => rerank('query', texts, { ...options, signal: stopped }),
    'rerank of a reranker': (options) => reranker.rerank('query', texts, options),
  },
  RerankStreamOptions: { stream: (options) => reranker.stream('query', texts, options).next() },
  ReadingOptions: {
    rerankWasm: (options) => rerankWasm(reranker, options),
    'rerankWasm, with options of its provider': (options) =>
      rerankWasm(reranker).doRerank({
        query: 'query',
        documents: { type: 'text', values: texts },
        providerOptions: { 'rerank-wasm': options },
      }),
    RerankWasmCompressor: (options) => new RerankWasmCompressor(reranker, options),
  },
  ModelFilesOptions: {
    isCached: (options) => main.isCached(mini, options),
    modelFiles: (options) => main.modelFiles(mini, options),
  },
  SearchOptions: { createSearch },
  SearchWriteOptions: {
    add: (options) => search.add([], options),
    update: (options) => search.update([], options),
    remove: (options) => search.remove([], options),
  },
  SearchQueryOptions: {
    search: (options) => search.search('query', options),
    stream: (options) => search.stream('query', options).next(),
  },
  HandlerOptions: { createHandler },
  HandlerLimits: { 'createHandler, below `limits`': (limits) => createHandler({ limits }) },
  CorsOptions: { 'createHandler, below `cors`': (cors) => createHandler({ cors: { origins: '*', ...cors } }) },
  ModelSource: { createReranker: (source) => load({ name: 'mine', files, ...source }) },
  ModelFiles: { createReranker: (more) => load({ name: 'mine', files: { ...files, ...more } }) },
  BundleFile: { createReranker: (more) => load({ name: 'mine', files: { bundle: file, ...more } }) },
  PinnedFile: {
    createReranker: (more) => load({ name: 'mine', files: { ...files, model: { ...file, ...more } } }),
  },
  ShardedFile: {
    createReranker: (more) =>
      load({ name: 'mine', files: { bundle: { shards: [file.location, file.location], ...more } } }),
  },
};

/** The types that callers receive or implement, or that have no names. */
const others = [
  ...[
    'AiSdkEmbeddingModel',
    'AiSdkRerankingModel',
    'CacheBackend',
    'CachedFile',
    'CachedScore',
    'CacheEntry',
    'CacheFacts',
    'CacheOrigin',
  ],
  ...['CacheWriter', 'ClearedCache', 'FileLocation', 'ModelFileFacts', 'ScoreCache', 'UnfinishedFile'],
  ...['Handler', 'HandlerContext', 'HookCall', 'KeySource', 'LangChainDocument', 'LoadProgress', 'RankingCall'],
  ...[
    'EmbeddableText',
    'Embedder',
    'EmbedderChoice',
    'EmbedderSource',
    'EmbedderStatistics',
    'Embeddings',
    'ModelChoice',
  ],
  ...[
    'Pooling',
    'RateLimitAnswer',
    'RerankDocument',
    'RerankError',
    'RerankErrorCode',
    'Reranker',
    'RerankerChoice',
    'RerankerSource',
  ],
  ...[
    'AnyDocument',
    'Candidates',
    'CreateSearch',
    'Retrieve',
    'Search',
    'SearchCandidate',
    'SearchDocument',
    'SearchHit',
    'SearchStages',
  ],
  ...['SearchStatistics', 'StageRank'],
  ...['RerankerStatistics', 'RerankProgress', 'RerankResult', 'RerankWarning', 'bearerKeys', 'rerankErrorCodes'],
];

/** What the doors export at run time; a new function must have its options in `calls`. */
const exported = {
  'rerank-wasm': [
    main,
    [
      ...['RerankError', 'clearCache', 'createEmbedder', 'createReranker', 'directoryCache', 'isCached', 'listCache'],
      ...['modelFiles', 'rerank', 'rerankErrorCodes', 'similarity'],
    ],
  ],
  'rerank-wasm/edge': [edge, ['bearerKeys', 'createHandler']],
  'rerank-wasm/ai-sdk': [aiSdk, ['embedWasm', 'rerankWasm']],
  'rerank-wasm/search': [searching, ['createSearch']],
  'rerank-wasm/langchain': [langchain, ['RerankWasmCompressor', 'RerankWasmEmbeddings']],
};

/** Makes an embedder without a model, which embeds nothing. */
function fakeEmbedder() {
  const backend = { run: async () => {}, statistics: async () => ({ maxTokens: 512, dimensions: 2 }) };
  return ClientEmbedder.of(backend, { pooling: 'cls', prompts: { query: '', document: '' } });
}

/** Swaps two letters, as a hurried writer does. */
function misspelt(name) {
  const swapped = `${name[0]}${name[2]}${name[1]}${name.slice(3)}`;
  return swapped === name ? name.slice(0, -1) : swapped;
}

const failureOf = async (call, options) => {
  try {
    await call(options);
  } catch (error) {
    return error;
  }
};

describe('no option is accepted and ignored', () => {
  before(async () => {
    reranker = await createReranker({ model: mini });
    embedder = await fakeEmbedder();
    search = await createSearch({});
  });
  after(() => reranker.dispose());

  it('so every public type and function is in this test', () => {
    const doors = ['common/public', 'edge/public', 'adapters/ai-sdk', 'adapters/langchain', 'search/types'];
    const types = [...new Set(doors.flatMap(typesOf))];
    assert.deepEqual(types.sort(), [...others, ...Object.keys(calls)].sort());
    for (const [door, [module, names]] of Object.entries(exported)) {
      assert.deepEqual(Object.keys(module).sort(), names, door);
    }
  });

  for (const [type, takers] of Object.entries(calls)) {
    const names = namesOf(type);
    it(`${type} has names`, () => assert.ok(names.length > 0));

    for (const [taker, call] of Object.entries(takers)) {
      for (const name of names) {
        it(`${taker} refuses ${misspelt(name)} and means ${name}`, async () => {
          const error = await failureOf(call, { [misspelt(name)]: undefined });
          assert.equal(error?.code, 'invalid_input', `${error}`);
          assert.ok(
            error.message.includes(`unknown property "${misspelt(name)}"; did you mean "${name}"?`),
            error.message,
          );
        });

        it(`${taker} knows ${name}`, async () => {
          const error = await failureOf(call, { [name]: undefined });
          assert.doesNotMatch(`${error?.message}`, /unknown property/);
        });
      }
    }
  }

  it("the roles of a handler's models, which are a union", async () => {
    for (const role of ['reranker', 'embedder']) {
      const wrong = await failureOf(createHandler, { models: { mine: { [misspelt(role)]: {} } } });
      assert.equal(wrong?.code, 'invalid_input');
      assert.ok(wrong.message.includes(`unknown property "${misspelt(role)}"; did you mean "${role}"?`), wrong.message);
      assert.equal(await failureOf(createHandler, { models: { mine: { [role]: {} } } }), undefined);
    }
  });

  it('topN, which only one adapter has, too', async () => {
    assert.ok(new RerankWasmCompressor(reranker, { topN: 1 }));
    assert.throws(() => new RerankWasmCompressor(reranker, { topn: 1 }), { message: /did you mean "topN"\?/ });
    assert.throws(() => rerankWasm(reranker, { topN: 1 }), {
      code: 'invalid_input',
      message: /`reading` has an unknown/,
    });
    await assert.rejects(reranker.stream('query', texts, { topN: 1 }).next(), { message: /`stream` has no `topN`/ });
  });

  it('a wrong value in the options of an adapter fails where it is written', () => {
    assert.throws(() => rerankWasm(reranker, { longDocuments: 'split' }), { code: 'invalid_input' });
    assert.throws(() => new RerankWasmCompressor(reranker, { topN: 0 }), { code: 'invalid_input' });
    assert.throws(() => rerankWasm({ threads: 0 }), { code: 'invalid_input' });
  });

  it('nor are objects where a function takes a list or a path', () => {
    assert.throws(() => edge.bearerKeys({ keys: ['key'] }), {
      code: 'invalid_input',
      message: /`keys` must be an array/,
    });
    assert.throws(() => main.directoryCache({ path: '/tmp' }), { code: 'invalid_input', message: /`path` must be/ });
    assert.throws(() => main.directoryCache(''), { code: 'invalid_input' });
  });
});
