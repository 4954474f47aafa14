const dimensions = 32;

/** Makes an embedder without a model: a vector counts words, by a hash of each. It notes the texts that it embeds. */
export function fakeEmbedder({ model = 'fake', seed = 7, size = dimensions, wait = async () => {} } = {}) {
  const embedded = [];
  return {
    embedded,
    async embed(texts, { kind, signal } = {}) {
      await wait(kind, texts);
      signal?.throwIfAborted();
      embedded.push(...texts);
      const embeddings = texts.map((text) => vectorOf(text, size, seed));
      return { embeddings, tokens: texts.map(() => 1), truncated: texts.map(() => false) };
    },
    /** A token is a word. */
    async split(texts, { maxTokens, overlap = Math.floor(maxTokens / 8) }) {
      return texts.map((text) => {
        const words = [...text.matchAll(/\S+/g)];
        const ranges = [];
        for (let from = 0; from < words.length; from += maxTokens - overlap) {
          const last = words[Math.min(from + maxTokens, words.length) - 1];
          ranges.push({ start: words[from].index, end: last.index + last[0].length });
          if (from + maxTokens >= words.length) break;
        }
        return ranges;
      });
    },
    async statistics() {
      return { model, dimensions: size, maxTokens: 512 };
    },
  };
}

/** Makes a reranker without a model: the score is the part of the query's words that a text has. It notes the texts. */
export function fakeReranker() {
  const ranked = [];
  return {
    ranked,
    async rerank(query, texts, { minScore = 0, signal } = {}) {
      signal?.throwIfAborted();
      ranked.push(texts);
      const words = wordsOf(query);
      const results = texts.map((text, index) => {
        const found = new Set(wordsOf(text));
        return { index, score: words.filter((word) => found.has(word)).length / words.length };
      });
      return results.filter(({ score }) => score >= minScore).sort((a, b) => b.score - a.score || a.index - b.index);
    },
  };
}

/** Returns the lists that a stream yields. */
export async function listsOf(search, ...query) {
  const lists = [];
  for await (const hits of search.stream(...query)) lists.push(hits);
  return lists;
}

function wordsOf(text) {
  return text.toLowerCase().match(/\w+/g) ?? [];
}

function vectorOf(text, size, seed) {
  const vector = new Float32Array(size);
  for (const word of wordsOf(text)) {
    let hash = seed;
    for (const sign of word) hash = (Math.imul(hash, 31) + sign.codePointAt(0)) >>> 0;
    vector[hash % size] += 1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}
