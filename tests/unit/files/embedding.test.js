import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { joinFacts } from '#internal/files/embedding/facts.js';
import { knownFacts } from '#internal/files/embedding/known.js';
import { sentenceTransformersFacts } from '#internal/files/embedding/sentence-transformers.js';
import { publishedModels } from '#internal/files/registry.js';
import { rejectsWith } from '../../support/asserts/assertions.js';

const modulesOf = (...kinds) =>
  kinds.map(([type, path], idx) => ({ idx, name: String(idx), path, type: `sentence_transformers.models.${type}` }));

const usual = modulesOf(['Transformer', ''], ['Pooling', '1_Pooling'], ['Normalize', '2_Normalize']);

const poolingOf = (...modes) => ({
  word_embedding_dimension: 384,
  ...Object.fromEntries(
    ['cls_token', 'mean_tokens', 'max_tokens', 'mean_sqrt_len_tokens', 'weightedmean_tokens', 'lasttoken'].map(
      (mode) => [`pooling_mode_${mode}`, modes.includes(mode)],
    ),
  ),
});

/** Reads from an object of files. */
const facts = (files) => sentenceTransformersFacts(async (path) => files[path]);

describe("Sentence Transformers' files", () => {
  it('say nothing without modules.json', async () => {
    assert.equal(await facts({ '1_Pooling/config.json': poolingOf('cls_token') }), undefined);
  });

  it('say how all-MiniLM-L6-v2 is used', async () => {
    const files = {
      'modules.json': usual,
      '1_Pooling/config.json': poolingOf('mean_tokens'),
      'sentence_bert_config.json': { max_seq_length: 256, do_lower_case: false },
      'config_sentence_transformers.json': { __version__: { sentence_transformers: '2.0.0' } },
    };
    assert.deepEqual(await facts(files), { pooling: 'mean', maxTokens: 256 });
  });

  it('hold prompts under several names', async () => {
    const files = { 'modules.json': usual, '1_Pooling/config.json': poolingOf('cls_token') };
    const withPrompts = (prompts) => facts({ ...files, 'config_sentence_transformers.json': { prompts } });
    assert.deepEqual((await withPrompts({ query: 'q: ', passage: 'p: ' })).prompts, { query: 'q: ', document: 'p: ' });
    assert.deepEqual((await withPrompts({ query: 'q: ', document: '' })).prompts, { query: 'q: ' });
    // So an author who set none leaves the choice to the next source.
    assert.equal((await withPrompts({ query: '', document: '' })).prompts, undefined);
  });

  it('name the pooling in a newer form, too', async () => {
    for (const [config, pooling] of [
      [poolingOf('lasttoken'), 'lasttoken'],
      [poolingOf('mean_sqrt_len_tokens'), 'mean'],
      [poolingOf('max_tokens'), 'max'],
      [{ embedding_dimension: 384, pooling_mode: 'cls' }, 'cls'],
      [{ embedding_dimension: 384, pooling_mode: ['mean'] }, 'mean'],
    ]) {
      const files = { 'modules.json': usual, '1_Pooling/config.json': config };
      assert.equal((await facts(files)).pooling, pooling);
    }
  });

  it('are read in the folder of each module', async () => {
    const files = {
      'modules.json': modulesOf(['Transformer', '0_Transformer'], ['Pooling', '1_Pooling/']),
      '0_Transformer/sentence_bert_config.json': { max_seq_length: 128, do_lower_case: true },
      '1_Pooling/config.json': poolingOf('mean_tokens'),
    };
    assert.deepEqual(await facts(files), { pooling: 'mean', maxTokens: 128 });
  });

  it('leave the pooling open if its file is missing', async () => {
    const files = { 'modules.json': usual, 'sentence_bert_config.json': { max_seq_length: 128 } };
    assert.deepEqual(await facts(files), { maxTokens: 128 });
  });

  for (const [files, code, message] of [
    [{ 'modules.json': {} }, 'invalid_model', /modules\.json must be a list of modules/],
    [{ 'modules.json': modulesOf(['Pooling', '../../other/repo']) }, 'invalid_model', /must be a list of modules/],
    [
      { 'modules.json': [...usual, ...modulesOf(['Dense', '2_Dense'])] },
      'unsupported_model',
      /has a module "Dense", which this package does not run; choose/,
    ],
    [
      { 'modules.json': usual, '1_Pooling/config.json': 5 },
      'invalid_model',
      /1_Pooling\/config\.json must be an object/,
    ],
    [
      { 'modules.json': usual, '1_Pooling/config.json': poolingOf('weightedmean_tokens') },
      'unsupported_model',
      /the pooling "weightedmean_tokens"/,
    ],
    [
      { 'modules.json': usual, '1_Pooling/config.json': poolingOf('cls_token', 'mean_tokens') },
      'unsupported_model',
      /2 ways of pooling/,
    ],
    [
      { 'modules.json': usual, '1_Pooling/config.json': { ...poolingOf('mean_tokens'), include_prompt: false } },
      'unsupported_model',
      /leaves out the prompt/,
    ],
  ]) {
    it(`are refused if the engine cannot do as they say: ${message}`, () => rejectsWith(facts(files), code, message));
  }
});

describe('well-known models', () => {
  it('include every embedding model with a name', () => {
    const embedders = [...publishedModels].filter(([, { use }]) => use === 'embed');
    assert.equal(embedders.length, 4);
    for (const [name, { repository }] of embedders) {
      assert.ok(knownFacts(name)?.pooling);
      assert.deepEqual(knownFacts(name), knownFacts(repository));
    }
  });

  it('are known by the names of their conversions', () => {
    const bge = 'Represent this sentence for searching relevant passages: ';
    for (const [name, pooling, query, document] of [
      ['BAAI/bge-small-en-v1.5', 'cls', bge],
      ['onnx-community/bge-base-en-v1.5-ONNX', 'cls', bge],
      ['Xenova/bge-m3', 'cls'],
      ['https://mirror.example.org/intfloat/multilingual-e5-small/', 'mean', 'query: ', 'passage: '],
      ['intfloat/e5-base-v2', 'mean', 'query: ', 'passage: '],
      ['sentence-transformers/all-MiniLM-L6-v2', 'mean'],
      ['thenlper/gte-small', 'mean'],
      ['Alibaba-NLP/gte-base-en-v1.5', 'cls'],
      ['nomic-ai/nomic-embed-text-v1.5', 'mean', 'search_query: ', 'search_document: '],
      ['Snowflake/snowflake-arctic-embed-m-v2.0', 'cls', 'query: '],
      ['Snowflake/snowflake-arctic-embed-xs', 'cls', bge],
      ['mixedbread-ai/mxbai-embed-large-v1', 'cls', bge],
    ]) {
      const facts = knownFacts(name);
      assert.deepEqual(
        [facts.pooling, facts.prompts?.query, facts.prompts?.document],
        [pooling, query, document],
        name,
      );
    }
    // The instructions of these are the caller's.
    assert.equal(knownFacts('intfloat/multilingual-e5-large-instruct'), undefined);
    assert.equal(knownFacts('org/unknown'), undefined);
  });
});

describe('what several sources say', () => {
  it('counts in their order', () => {
    const { facts, assumed } = joinFacts([
      { prompts: { query: 'mine: ' } },
      undefined,
      { pooling: 'cls', maxTokens: 128 },
      { pooling: 'max', prompts: { document: 'd: ' }, maxTokens: 512 },
    ]);
    assert.deepEqual(facts, { pooling: 'cls', prompts: { query: 'mine: ', document: '' }, maxTokens: 128 });
    assert.equal(assumed, false);
  });

  it('is the mean of all tokens if none says anything', () => {
    assert.deepEqual(joinFacts([{}]), {
      facts: { pooling: 'mean', prompts: { query: '', document: '' } },
      assumed: true,
    });
  });
});
