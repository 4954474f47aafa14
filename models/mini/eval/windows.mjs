/** Cuts a text into windows of at most `size` words, each beginning `overlap` words before the end of the last. */
export function windows(text, size = 85, overlap = 15) {
  const words = text.split(/\s+/).filter(Boolean);
  const cut = [];
  for (let start = 0; start === 0 || start + overlap < words.length; start += size - overlap) {
    cut.push(words.slice(start, start + size).join(' '));
  }
  return cut;
}
