/** Matches a line that is a comment, by the end of a file's name. */
const lines = {
  hash: /^\s*#(?!!)(?:\s(.*)|$)/,
  slashes: /^\s*(?:\/\/[/!]?|\/?\*\*?\/?)(?:\s(.*)|$)/,
};

/** Returns the comments of a source file that share no line with code. They are Markdown without spans of code. */
export function comments(name, source) {
  const pattern = /\.(?:py|sh)$/.test(name) ? lines.hash : lines.slashes;
  const all = [];
  let open;
  for (const line of source.split('\n')) {
    const found = pattern.exec(line);
    if (!found) open = undefined;
    else if (open) open.push(plain(found[1]));
    else {
      open = [plain(found[1])];
      all.push(open);
    }
  }
  return all.map((comment) => comment.join('\n').replace(/`[^`]*`/g, 'code'));
}

const plain = (text = '') => text.replace(/\s*\*\/\s*$/, '').replace(/^@\w+/, '\n$&');
