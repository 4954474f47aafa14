import { pdfText } from './pdf-text.js';

const mostBytes = 50e6;

/**
 * Reads the text of a file.
 *
 * @throws Error with a sentence that says why the file has no text
 */
export async function textOf(file) {
  if (file.size > mostBytes) throw new Error(`it has more than ${mostBytes / 1e6} MB`);
  if (/\.pdf$/i.test(file.name) || file.type === 'application/pdf') return written(await pdfText(file));
  const text = decode(await file.arrayBuffer());
  const isHtml = /\.x?html?$/i.test(file.name) || /html/.test(file.type);
  return written(isHtml ? htmlText(text) : text);
}

function written(text) {
  if (text.trim() === '') throw new Error('it has no text');
  return text;
}

/** Decodes UTF-8, or UTF-16 with a byte order mark. */
function decode(buffer) {
  const [first, second] = new Uint8Array(buffer);
  const utf16 = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : '';
  try {
    const text = new TextDecoder(utf16 || 'utf-8', { fatal: true }).decode(buffer);
    if (!text.includes('\0')) return text;
  } catch {
    // The error below says it for both cases.
  }
  throw new Error('it is not text in UTF-8 or UTF-16');
}

const unread = 'script, textarea, noscript, template, svg, head > :not(title)';
const blocks =
  'address, article, aside, blockquote, br, dd, div, dl, dt, figcaption, footer, h1, h2, h3, h4, h5, h6, header, hr, li, main, nav, ol, p, pre, section, table, td, th, title, tr, ul';

/** Returns the text of an HTML document. A parsed document runs no script and loads nothing. */
function htmlText(html) {
  const { documentElement } = new DOMParser().parseFromString(withoutStyles(html), 'text/html');
  for (const element of documentElement.querySelectorAll(unread)) element.remove();
  for (const element of documentElement.querySelectorAll(blocks)) element.after('\n');
  const lines = documentElement.textContent.split('\n').map((line) => line.replace(/\s+/g, ' ').trim());
  return lines.filter(Boolean).join('\n');
}

/**
 * The policy of this page forbids inline styles, and Chromium reports each one, also in a parsed document. A text area
 * ends where a style ends, as far as the parser knows.
 */
function withoutStyles(html) {
  const renamed = html.replace(/<(\/?)style\b/gi, '<$1textarea');
  return renamed.replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/\sstyle\s*=/gi, ' data-style='));
}
