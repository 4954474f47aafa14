import type { SearchHit } from '../../search/types.js';
import { placeOf, type Row } from '../report.js';
import type { FileDocument } from './folder.js';

export type FileHit = SearchHit<FileDocument & Record<string, unknown>>;

/** A JSON object on each line. */
export function hitsAsJson(hits: readonly FileHit[]): string {
  const lines = hits.map(({ id, document, chunk, score, stages }) => {
    const text = document.text.slice(chunk.start, chunk.end);
    return `${JSON.stringify({ file: id, line: lineOf(document.text, chunk.start), score, ...chunk, text, stages })}\n`;
  });
  return lines.join('');
}

/** Columns separated by tabs; the text of the passage is last, on one line. */
export function hitsAsColumns(hits: readonly FileHit[]): string {
  return rowsOfHits(hits)
    .map(({ score, place, text }) => `${[score.toFixed(6), place, text].join('\t')}\n`)
    .join('');
}

/** The rows of a list for people. The bar of the best hit is full, unless the score is one from 0 to 1. */
export function rowsOfHits(hits: readonly FileHit[]): (Row & { place: string })[] {
  const best = hits[0]?.score ?? 1;
  return hits.map(({ id, document, chunk, score, stages }) => ({
    score,
    share: stages.rerank ? score : score / best,
    place: placeOf({ file: id, line: lineOf(document.text, chunk.start) }),
    cut: false,
    text: document.text.slice(chunk.start, chunk.end).replace(/\s+/g, ' ').trim(),
  }));
}

/** Counts lines from 1. */
function lineOf(text: string, at: number): number {
  let line = 1;
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', next + 1)) line += 1;
  return line;
}
