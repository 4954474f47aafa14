import type { KnownFacts } from './facts.js';

const bgeQuery = 'Represent this sentence for searching relevant passages: ';

/**
 * What the cards of published models say about their use. Conversions keep the model's name, but often not the files
 * that say it. The first entry that matches the name counts.
 */
const known: readonly (readonly [name: RegExp, facts: KnownFacts])[] = [
  [/\bbge-m3\b/, { pooling: 'cls' }],
  [/\bbge-(small|base|large)-en\b/, { pooling: 'cls', prompts: { query: bgeQuery }, maxTokens: 512 }],
  [
    /\bbge-(small|base|large)-zh\b/,
    { pooling: 'cls', prompts: { query: '为这个句子生成表示以用于检索相关文章：' }, maxTokens: 512 },
  ],
  [/\be5-(small|base|large)\b(?!-instruct|-v\d-instruct|-unsupervised)/, e5()],
  [/\ball-MiniLM-L6\b/, { pooling: 'mean', maxTokens: 256 }],
  [/\ball-MiniLM-L12\b/, { pooling: 'mean', maxTokens: 128 }],
  [/\ball-mpnet-base\b/, { pooling: 'mean', maxTokens: 384 }],
  [/\bparaphrase-multilingual-(MiniLM-L12|mpnet-base)\b/, { pooling: 'mean', maxTokens: 128 }],
  [/\bmulti-qa-mpnet-base-dot\b/, { pooling: 'cls', maxTokens: 512 }],
  [/\bmulti-qa-(MiniLM-L6|mpnet-base|distilbert)-cos\b/, { pooling: 'mean', maxTokens: 512 }],
  [/\bgte-(small|base|large)\b(?!-(en-v1|zh))/, { pooling: 'mean', maxTokens: 512 }],
  [/\bgte-(base|large)-en-v1|\bgte-multilingual-base\b|\bgte-modernbert-base\b/, { pooling: 'cls' }],
  [
    /\bnomic-embed-text-v1|\bmodernbert-embed-base\b/,
    { pooling: 'mean', prompts: { query: 'search_query: ', document: 'search_document: ' } },
  ],
  [/\bsnowflake-arctic-embed-[\w-]+-v2/, { pooling: 'cls', prompts: { query: 'query: ' } }],
  [/\bsnowflake-arctic-embed-|\bmxbai-embed-/, { pooling: 'cls', prompts: { query: bgeQuery }, maxTokens: 512 }],
  [/\bjina-embeddings-v2-/, { pooling: 'mean' }],
];

function e5(): KnownFacts {
  return { pooling: 'mean', prompts: { query: 'query: ', document: 'passage: ' }, maxTokens: 512 };
}

/** Returns what is known of the model with such a name, path or URL. */
export function knownFacts(name: string): KnownFacts | undefined {
  return known.find(([pattern]) => pattern.test(name))?.[1];
}
