/**
 * Okapi BM25, the usual first stage of a text search. It scores by the words that query and passage share; rare words
 * count more. Returns one score for each passage.
 */
export function bm25(query, passages, { saturation = 1.2, lengthWeight = 0.75 } = {}) {
  const documents = passages.map(wordsOf);
  const meanLength = documents.reduce((sum, words) => sum + words.length, 0) / documents.length || 1;
  const counts = documents.map((words) => {
    const count = new Map();
    for (const word of words) count.set(word, (count.get(word) ?? 0) + 1);
    return count;
  });
  const terms = [...new Set(wordsOf(query))].map((word) => {
    const holders = counts.filter((count) => count.has(word)).length;
    return { word, weight: Math.log(1 + (documents.length - holders + 0.5) / (holders + 0.5)) };
  });
  return documents.map((words, index) => {
    const length = 1 - lengthWeight + (lengthWeight * words.length) / meanLength;
    return terms.reduce((sum, { word, weight }) => {
      const count = counts[index].get(word) ?? 0;
      return sum + (weight * count * (saturation + 1)) / (count + saturation * length);
    }, 0);
  });
}

/** Returns the positions of the scores, best first, ties by position. */
export function bestFirst(scores) {
  return scores.map((_, index) => index).sort((left, right) => scores[right] - scores[left] || left - right);
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/** Splits a text into words in lower case, also in languages without spaces between words. */
function wordsOf(text) {
  const words = [];
  for (const { segment, isWordLike } of segmenter.segment(text.toLowerCase())) if (isWordLike) words.push(segment);
  return words;
}
