import { misused, modelOptions, parseCount, parseWords } from './arguments.js';
import { type Command, exitCodes } from './command.js';
import { help } from './help.js';
import { loadReranker, type ModelValues } from './model.js';
import { print, readVersion, warn } from './output.js';
import { showProgress } from './progress.js';
import { asColumns, asJson, asList, describe, type Effort, type Ranked, rowsOf } from './report.js';
import { type FoundDocument, readDocuments, standardInput } from './text-files.js';

const options = {
  ...modelOptions,
  'top-n': { type: 'string', short: 'n' },
  'per-file': { type: 'boolean' },
  json: { type: 'boolean' },
  chunk: { type: 'boolean' },
  'max-tokens': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** `rerank-wasm QUERY FILE...` */
export const rank: Command = async (words, signal) => {
  const { values, positionals } = parseWords(words, options);
  if (values.help) return print(help.rank);
  if (values.version) return print(`${await readVersion()}\n`);
  const topN = parseCount(values['top-n'], '--top-n');
  const maxTokens = parseCount(values['max-tokens'], '--max-tokens');
  const [query, ...files] = positionals;
  if (query === undefined) throw misused('The query is missing: pass it before the files');
  if (query.trim() === '') throw misused('The query is blank: pass one with words');
  if (files.length === 0 && process.stdin.isTTY)
    throw misused('The file is missing: name one, or - for standard input');

  const sources = files.length === 0 ? [standardInput] : files;
  const documents = await readDocuments(sources, { perFile: values['per-file'] ?? false, signal });
  if (documents.length === 0) {
    warn('The input has no document; each line that is not blank is one.');
    return exitCodes.done;
  }
  const { ranked, effort } = await rankAll(query, documents, { values, maxTokens, signal });
  const shown = ranked.slice(0, topN);
  if (values.json) print(asJson(shown));
  else print(process.stdout.isTTY ? asList(rowsOf(shown), describe(effort), process.stdout) : asColumns(shown));
  const cut = ranked.filter(({ truncated }) => truncated).length;
  if (cut > 0) warn(`${cut} of ${documents.length} documents were too long and were cut; --chunk reads them whole.`);
  return exitCodes.done;
};

interface Settings {
  values: ModelValues & { chunk?: boolean | undefined };
  maxTokens: number | undefined;
  signal: AbortSignal;
}

async function rankAll(
  query: string,
  documents: readonly FoundDocument[],
  { values, maxTokens, signal }: Settings,
): Promise<{ ranked: Ranked[]; effort: Effort }> {
  const progress = showProgress(process.stderr);
  const reranker = await loadReranker(values, progress, signal);
  try {
    const started = performance.now();
    const results = await reranker.rerank(query, documents, {
      longDocuments: values.chunk ? 'chunk' : 'truncate',
      maxTokens,
      signal,
      onProgress: progress.ranking,
    });
    const seconds = (performance.now() - started) / 1000;
    const { memoryBytes } = await reranker.statistics();
    const tokens = results.reduce((sum, result) => sum + result.tokens, 0);
    return {
      ranked: results.map((result) => ({ ...result, document: documents[result.index] as FoundDocument })),
      effort: { documents: documents.length, tokens, seconds, memoryBytes },
    };
  } finally {
    progress.end();
    await reranker.dispose();
  }
}
