/** Matches a line that opens or closes a fenced block. */
const fence = /^```/;

/** Returns the fenced blocks of a Markdown text: language, code, and the number of the opening line, from 1. */
export function codeBlocks(markdown) {
  const blocks = [];
  let open;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (!fence.test(line)) open?.lines.push(line);
    else if (open) {
      blocks.push({ language: open.language, line: open.line, code: open.lines.join('\n') });
      open = undefined;
    } else open = { language: line.slice(3).trim(), line: index + 1, lines: [] };
  }
  return blocks;
}

/** Returns the lines outside fenced blocks. */
function linesOutsideCode(markdown) {
  let inside = false;
  return markdown.split('\n').filter((line) => {
    if (!fence.test(line)) return !inside;
    inside = !inside;
    return false;
  });
}

const isTable = (line) => /^\s*\|/.test(line);

/** Returns a line as a reader sees it: links as their text, without HTML and marks. */
function visible(line) {
  return line
    .replace(/<[^>]*>/g, ' ')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\]\([^)]*\)/g, ' ')
    .replace(/^\s*(#+|[-*]|\d+\.)\s/, ' ')
    .replace(/[|*_`[\]]/g, ' ');
}

const words = (text) => text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));

/** Counts the words outside code blocks. Headings and tables count. */
export function countWords(markdown) {
  return words(joinHtml(linesOutsideCode(markdown)).map(visible).join('\n')).length;
}

/** Puts each HTML element on one line. */
function joinHtml(lines) {
  return lines
    .join('\n')
    .replace(/<[^>]*>/g, (tag) => tag.replaceAll('\n', ' '))
    .split('\n');
}

/**
 * Returns the sentences of paragraphs and list items. Headings, tables and code blocks have none. A sentence ends with
 * its paragraph, or at a full stop, a question mark or an exclamation mark before white space. Bold words at the
 * beginning belong to the sentence that follows.
 */
export function sentences(markdown) {
  const paragraphs = [];
  let current = [];
  const end = () => {
    if (current.length > 0) paragraphs.push(current.join(' '));
    current = [];
  };
  const marked = markdown.replace(/^```[\s\S]*?^```$/gm, '');
  for (const line of joinHtml(marked.split('\n'))) {
    if (line.trim() === '' || isTable(line) || /^#/.test(line)) {
      end();
      continue;
    }
    if (/^\s*([-*]|\d+\.)\s/.test(line)) end();
    current.push(visible(current.length === 0 ? line.replace(/^(\s*[-*]\s+)?\*\*([^*]+?)[.?!]\*\*/, '$1$2') : line));
  }
  end();
  return paragraphs
    .flatMap((paragraph) => paragraph.split(/(?<=[.?!])\s+/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => words(sentence).length > 0);
}

/** Returns the cells of tables that are not empty, as a reader sees them. */
export function cells(markdown) {
  const rows = linesOutsideCode(markdown).filter((line) => isTable(line) && !/^[\s|:-]+$/.test(line));
  const texts = rows.flatMap((row) => row.replaceAll('\\|', ' ').split('|'));
  return texts.map((text) => visible(text).trim()).filter((text) => text !== '');
}

/** Returns the mean number of words in a sentence. */
export function wordsPerSentence(markdown) {
  const all = sentences(markdown);
  return all.reduce((sum, sentence) => sum + words(sentence).length, 0) / all.length;
}

/** Returns the length of the longest line outside tables and code blocks. */
export function longestLine(markdown) {
  return Math.max(
    ...linesOutsideCode(markdown)
      .filter((line) => !isTable(line))
      .map((line) => line.length),
  );
}

/** Returns the number of the first line of code; infinite without code. */
export function firstCodeLine(markdown) {
  const [first] = codeBlocks(markdown).filter(({ code }) => code.trim() !== '');
  return first ? first.line + 1 : Number.POSITIVE_INFINITY;
}

export function countLines(markdown) {
  return markdown.replace(/\n$/, '').split('\n').length;
}

/** Returns the targets of links and images, in Markdown and in HTML. */
export function linkTargets(markdown) {
  const text = linesOutsideCode(markdown)
    .join('\n')
    .replace(/`[^`\n]*`/g, (code) => (code.includes('](') ? '' : code));
  const found = text.matchAll(/\]\(([^()\s]+)\)|\b(?:src|srcset|href)="([^"]+)"|^\[[^\]]+\]:\s+(\S+)$/gm);
  return [...found].map(([, inline, attribute, reference]) => inline ?? attribute ?? reference);
}

/** Returns the texts in backticks outside code blocks. */
export function codeSpans(markdown) {
  return [
    ...linesOutsideCode(markdown)
      .join('\n')
      .matchAll(/`([^`\n]+)`/g),
  ].map(([, span]) => span);
}

/** Returns the anchors that GitHub makes of a page's headings. */
export function anchors(markdown) {
  const headings = linesOutsideCode(markdown).filter((line) => /^#+\s/.test(line));
  return headings.map((line) =>
    line
      .replace(/^#+\s+/, '')
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}
