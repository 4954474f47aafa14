/**
 * Texts have 4 to 5 bytes for each XLM-RoBERTa token, in English and in Chinese. This estimates a few tokens too many.
 */
export const bytesPerToken = 3;

/** The longest pair of most models, assumed until the model is loaded. */
export const usualMaxTokens = 512;

/** The special tokens around a query and a document. */
const specialTokens = 4;

const encoder = new TextEncoder();

/** Estimates the tokens of a text from its size. */
function estimate(text: string): number {
  return Math.ceil(encoder.encode(text).length / bytesPerToken);
}

/**
 * Estimates the cost of a ranking in tokens. Each document counts together with the query, at most `longest` tokens. If
 * `maxTokensPerDocument` cuts documents, the query goes through the model once more without a document.
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
