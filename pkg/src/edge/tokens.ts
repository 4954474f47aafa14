/** Texts have 4 to 5 bytes for each token of an XLM-RoBERTa vocabulary, in English as in Chinese; this errs on the high side. */
export const bytesPerToken = 3;

/** Longest pair of most models; what is assumed of one that is not loaded. */
export const usualMaxTokens = 512;

/** What the model puts around a query and a document. */
const specialTokens = 4;

const encoder = new TextEncoder();

/** How many tokens a text is taken for before the model has read it. */
function estimate(text: string): number {
  return Math.ceil(encoder.encode(text).length / bytesPerToken);
}

/**
 * What ranking costs, in tokens, each document together with the query and cut at `longest` tokens. Where documents are cut
 * shorter, the query goes through the model once more, without one.
 */
export function estimateTokens(
  {
    query,
    texts,
    maxTokensPerDocument = Number.POSITIVE_INFINITY,
  }: {
    query: string;
    texts: readonly string[];
    maxTokensPerDocument?: number;
  },
  longest: number,
): number {
  if (texts.length === 0) return 0;
  const fixed = estimate(query) + specialTokens;
  let sum = maxTokensPerDocument < longest ? Math.min(longest, fixed) : 0;
  for (const text of texts) sum += Math.min(longest, fixed + Math.min(estimate(text), maxTokensPerDocument));
  return sum;
}
