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

/** For people: a document on each line of the terminal `out`. */
export function asList(ranked: readonly Ranked[], effort: Effort, out: Output): string {
  const { dim, accent } = styles(out);
  const width = widthOf(out);
  const barWidth = width < 60 ? 6 : 12;
  const rankWidth = String(ranked.length).length;
  const named = new Set(ranked.map(({ document }) => document.file)).size > 1;
  const lines = ranked.map((result, index) => {
    const { score, document, truncated } = result;
    const rank = String(index + 1).padStart(rankWidth);
    const place = named || document.line === undefined ? `${fit(placeOf(document), 30)} ` : '';
    const mark = truncated ? '[cut] ' : '';
    const room = width - rankWidth - barWidth - place.length - mark.length - 10;
    const text = fit(whatCounts(result), Math.max(room, 10));
    return `${rank} ${accent(bar(score, barWidth))} ${score.toFixed(4)}  ${dim(place + mark)}${text}\n`;
  });
  return `${lines.join('')}${dim(describe(effort))}\n`;
}

function describe({ documents, tokens, seconds, memoryBytes }: Effort): string {
  const counted = `${number.format(documents)} ${documents === 1 ? 'document' : 'documents'}, ${number.format(tokens)} tokens`;
  return `${counted}, ${seconds.toFixed(2)} s, ${(memoryBytes / 1e6).toFixed(0)} MB of linear memory`;
}

function placeOf({ file, line }: FoundDocument): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** The window that determined the score of a long document, or the document. */
function whatCounts({ document: { text }, window }: Ranked): string {
  return window ? text.slice(window.start, window.end) : text;
}
