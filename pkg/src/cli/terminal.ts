import type { WriteStream } from 'node:tty';

/** A stream for lines: a terminal, a file or a pipe. */
export type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const wide =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;
const controls = /[\p{Cc}\p{Bidi_Control}]+/gu;

/** The number of columns. */
export function widthOf(stream: Output): number {
  return stream.columns || 80;
}

/** Functions that style a text; they return it unchanged if NO_COLOR or the terminal forbids styles. */
export function styles(stream: Output) {
  const coloured = stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  const style = (open: number, close: number) => (text: string) =>
    coloured ? `\x1b[${open}m${text}\x1b[${close}m` : text;
  return { bold: style(1, 22), dim: style(2, 22), accent: style(36, 39) };
}

/** A bar of `width` columns with `share` of it filled, in eighths of a column. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const partial = ' ▏▎▍▌▋▊▉'[eighths % 8];
  return ('█'.repeat(Math.floor(eighths / 8)) + partial).slice(0, width).padEnd(width);
}

/** Fits `text` on one line of `width` columns. It is cut between characters, and control characters are removed. */
export function fit(text: string, width: number): string {
  const plain = text.replace(controls, ' ').trim();
  let columns = 0;
  let kept = 0;
  for (const { segment, index } of graphemes.segment(plain)) {
    columns += wide.test(segment) ? 2 : 1;
    if (columns > width) return `${plain.slice(0, kept).trimEnd()}…`;
    if (columns < width) kept = index + segment.length;
  }
  return plain;
}
