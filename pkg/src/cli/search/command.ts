import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';

import type { Embedder } from '../../common/embedding.js';
import type { Reranker } from '../../common/types.js';
import { createSearch } from '../../search-node.js';
import { misused, modelOptions, parseCount, parseShare, parseWords } from '../arguments.js';
import { type Command, exitCodes } from '../command.js';
import { help } from '../help.js';
import { loadEmbedder, loadReranker } from '../model.js';
import { print, warn } from '../output.js';
import { type Progress, showProgress } from '../progress.js';
import { asList } from '../report.js';
import { unreadable } from '../text-files.js';
import type { FileDocument } from './folder.js';
import { type Changes, indexFolder } from './index-folder.js';
import { type FileHit, hitsAsColumns, hitsAsJson, rowsOfHits } from './report.js';

const options = {
  ...modelOptions,
  embedder: { type: 'string' },
  'no-rerank': { type: 'boolean' },
  'top-n': { type: 'string', short: 'n' },
  candidates: { type: 'string' },
  'min-score': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseWords<typeof options>>['values'];

interface Call {
  values: Values;
  query: string;
  path: string;
  limit: number | undefined;
  candidates: number | undefined;
  minScore: number | undefined;
}

interface Answer {
  hits: FileHit[];
  changes: Changes;
  documents: number;
  chunks: number;
  seconds: number;
}

/** `rerank-wasm search QUERY [FOLDER]` */
export const search: Command = async (words, signal) => {
  const { values, positionals } = parseWords(words, options);
  if (values.help) return print(help.search);
  const [query, path = '.', ...more] = positionals;
  if (query === undefined) throw misused('The query is missing: pass it before the folder');
  if (query.trim() === '') throw misused('The query is blank: pass one with words');
  if (more.length > 0) throw misused('`search` takes one folder: name the folder that holds all');
  const minScore = parseShare(values['min-score'], '--min-score');
  if (minScore !== undefined && values['no-rerank']) {
    throw misused('--min-score is a score of the reranker: leave out --no-rerank');
  }
  const limit = parseCount(values['top-n'], '--top-n');
  const candidates = parseCount(values.candidates, '--candidates');
  const call = { values, query, path, limit, candidates, minScore };
  const progress = showProgress(process.stderr);
  const answer = await find(call, progress, signal).finally(() => progress.end());
  for (const reason of answer.changes.leftOut) warn(`${reason}, and is left out.`);
  if (answer.documents === 0) warn('The folder has no text to search; the endings are in search --help.');
  print(shown(answer, values));
  return exitCodes.done;
};

/** Brings the index of the folder up to date, and searches it. */
async function find(
  { values, query, path, limit, candidates, minScore }: Call,
  progress: Progress,
  signal: AbortSignal,
): Promise<Answer> {
  // The index has no use for the reranker before it is up to date. Until then, the embedder has the processor.
  let give: (reranker: Reranker) => void = () => {};
  const later = new Promise<Reranker>((resolve) => {
    give = resolve;
  });
  const kept = values['no-cache'] ? {} : { name: await nameOf(path, values.embedder) };
  const embedder = await loadEmbedder(values, progress, signal);
  const models: (Embedder | Reranker)[] = [embedder];
  try {
    const reranker = values['no-rerank'] ? {} : { reranker: later };
    const index = await createSearch<FileDocument & Record<string, unknown>>({ embedder, ...reranker, ...kept });
    models.unshift({ dispose: () => index.dispose() } as Embedder);
    const changes = await indexFolder(index, path, { signal, onProgress: progress.indexing });
    progress.end();
    const { documents, chunks } = await index.statistics();
    if (documents > 0 && !values['no-rerank']) {
      const loaded = await loadReranker(values, progress, signal);
      models.push(loaded);
      give(loaded);
    }
    const started = performance.now();
    const hits = documents > 0 ? await index.search(query, { limit, candidates, minScore, signal }) : [];
    return { hits, changes, documents, chunks, seconds: (performance.now() - started) / 1000 };
  } finally {
    for (const it of models) await it.dispose();
  }
}

/** Names the index of a folder and an embedding model. */
async function nameOf(path: string, embedder = ''): Promise<string> {
  const whole = await realpath(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const identity = createHash('sha256').update(`${whole}\0${embedder}`).digest('hex').slice(0, 24);
  return `${identity} ${basename(whole).slice(0, 24)}`;
}

function shown({ hits, documents, chunks, seconds, changes }: Answer, { json }: Values): string {
  if (json) return hitsAsJson(hits);
  if (!process.stdout.isTTY) return hitsAsColumns(hits);
  const changed = `${changes.indexed} indexed, ${changes.removed} removed`;
  const footer = `${documents} files, ${chunks} passages (${changed}), ${seconds.toFixed(2)} s`;
  return asList(rowsOfHits(hits), footer, process.stdout);
}
