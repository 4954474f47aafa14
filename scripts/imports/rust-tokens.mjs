// Splits Rust source into words and signs, without comments, strings and tests.

/**
 * Blanks comments and the contents of strings. The result has the source's length and lines.
 * @param {string} source
 */
export function codeOf(source) {
  const blank = (text) => text.replace(/[^\n]/g, ' ');
  const pattern =
    /\/\/[^\n]*|\/\*|\bb?c?r(#*)"[\s\S]*?"\1|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\\n]|\\(?:u\{[^}]*\}|x..|.))'|'[A-Za-z_]\w*/g;
  let code = '';
  let end = 0;
  for (let match = pattern.exec(source); match; match = pattern.exec(source)) {
    let [text] = match;
    if (text === '/*') text = source.slice(match.index, endOfComment(source, match.index));
    const isString = text.endsWith('"');
    code += source.slice(end, match.index) + (isString ? `"${blank(text.slice(1, -1))}"` : blank(text));
    end = match.index + text.length;
    pattern.lastIndex = end;
  }
  return code + source.slice(end);
}

/** Rust nests comments, so this counts the open ones. */
function endOfComment(source, start) {
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    const two = source.slice(at, at + 2);
    if (two !== '/*' && two !== '*/') continue;
    depth += two === '/*' ? 1 : -1;
    at++;
    if (depth === 0) return at + 1;
  }
  return source.length;
}

/** Splits code into words and signs, each with its line. */
export function tokensOf(code) {
  const tokens = [];
  let line = 1;
  for (const [text] of code.matchAll(/\n|[A-Za-z_]\w*|\d\w*|::|"[^"]*"|\S/g)) {
    if (text === '\n') line++;
    else tokens.push({ text: text.startsWith('"') ? '""' : text, line });
    if (text.startsWith('"')) line += text.split('\n').length - 1;
  }
  return tokens;
}

const closing = { '(': ')', '[': ']', '{': '}' };

/** Returns the place behind the bracket that closes the one at `at`. */
export function behindBracket(tokens, at) {
  const open = [];
  for (let next = at; next < tokens.length; next++) {
    const { text } = tokens[next];
    if (closing[text]) open.push(closing[text]);
    else if (text === open.at(-1)) open.pop();
    if (open.length === 0) return next + 1;
  }
  return tokens.length;
}

export const isAttribute = (tokens, at) => tokens[at]?.text === '#' && tokens[at + 1]?.text === '[';

/** True if the attribute marks the next item as a test's: `cfg(test)` or `cfg(all(test, …))`. */
export function isForTests(tokens, start, end) {
  const text = tokens
    .slice(start, end)
    .map((token) => token.text)
    .join(' ');
  return /^# \[ cfg \( (test \)|all \( (.* , )?test\b)/.test(text);
}

/** Drops the items that `isForTests` marks. */
export function withoutTests(tokens) {
  const kept = [];
  for (let at = 0; at < tokens.length; ) {
    const end = isAttribute(tokens, at) ? behindBracket(tokens, at + 1) : at + 1;
    if (!isAttribute(tokens, at) || !isForTests(tokens, at, end)) {
      kept.push(...tokens.slice(at, end));
      at = end;
      continue;
    }
    at = end;
    while (isAttribute(tokens, at)) at = behindBracket(tokens, at + 1);
    while (at < tokens.length && tokens[at].text !== ';' && tokens[at].text !== '{') {
      at = closing[tokens[at].text] ? behindBracket(tokens, at) : at + 1;
    }
    at = tokens[at]?.text === '{' ? behindBracket(tokens, at) : at + 1;
  }
  return kept;
}
