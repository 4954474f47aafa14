import type { RerankResult } from '../common/types.js';
import { bar, fit, type Output, styles, widthOf } from './terminal.js';
import type { FoundDocument } from './text-files.js';

/** A document with its result. */
export type Ranked = RerankResult & { document: FoundDocument };

/** The cost of a ranking. */
export interface Effort {
  documents: number;
  tokens: number;
  seconds: number;
  /** Size of the instance's linear memory. */
  memoryBytes: number;
}

/** A line of a list for people. */
export interface Row {
  score: number;
  /** The filled part of the bar. */
  share: number;
  /** Undefined if all rows have the same one, which people know. */
  place: string | undefined;
  /** True if the model did not read the whole document. */
  cut: boolean;
  text: string;
}

const number = new Intl.NumberFormat('en');

/** A JSON object on each line. */
export function asJson(ranked: readonly Ranked[]): string {
  const lines = ranked.map(({ index, score, logit, tokens, truncated, window, document }) => {
    const { file, line, text } = document;
    const place = line === undefined ? { file } : { file, line, text };
    return `${JSON.stringify({ index, score, logit, tokens, truncated, window, ...place })}\n`;
  });
  return lines.join('');
}

/** Columns separated by tabs; the text of a line is last and unchanged. */
export function asColumns(ranked: readonly Ranked[]): string {
  const lines = ranked.map(({ score, document }) => {
    const text = document.line === undefined ? [] : [document.text];
    return `${[score.toFixed(6), placeOf(document), ...text].join('\t')}\n`;
  });
  return lines.join('');
}

/** The rows of a list for people. */
export function rowsOf(ranked: readonly Ranked[]): Row[] {
  const named = new Set(ranked.map(({ document }) => document.file)).size > 1;
  return ranked.map((result) => {
    const { score, document, truncated: cut } = result;
    const place = named || document.line === undefined ? placeOf(document) : undefined;
    return { score, share: score, place, cut, text: whatCounts(result) };
  });
}

/** For people: a row on each line of the terminal `out`, and a footer. */
export function asList(rows: readonly Row[], footer: string, out: Output): string {
  const { dim, accent } = styles(out);
  const width = widthOf(out);
  const barWidth = width < 60 ? 6 : 12;
  const rankWidth = String(rows.length).length;
  const lines = rows.map(({ score, share, place: where, cut, text }, index) => {
    const rank = String(index + 1).padStart(rankWidth);
    const place = where === undefined ? '' : `${fit(where, 30)} `;
    const mark = cut ? '[cut] ' : '';
    const room = width - rankWidth - barWidth - place.length - mark.length - 10;
    const shown = fit(text, Math.max(room, 10));
    return `${rank} ${accent(bar(share, barWidth))} ${score.toFixed(4)}  ${dim(place + mark)}${shown}\n`;
  });
  return `${lines.join('')}${dim(footer)}\n`;
}

/** What a ranking cost, in words. */
export function describe({ documents, tokens, seconds, memoryBytes }: Effort): string {
  const counted = `${number.format(documents)} ${documents === 1 ? 'document' : 'documents'}, ${number.format(tokens)} tokens`;
  return `${counted}, ${seconds.toFixed(2)} s, ${(memoryBytes / 1e6).toFixed(0)} MB of linear memory`;
}

/** Where a document was read: a file, or a line of it. */
export function placeOf({ file, line }: Pick<FoundDocument, 'file' | 'line'>): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** The window that determined the score of a long document, or the document. */
function whatCounts({ document: { text }, window }: Ranked): string {
  return window ? text.slice(window.start, window.end) : text;
}
