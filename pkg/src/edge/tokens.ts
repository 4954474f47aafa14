import type { RankingRequest } from './wire/dialect.js';

/**
 * Texts have 4 to 5 bytes for each XLM-RoBERTa token, in English and in Chinese. This estimates a few tokens too many.
 */
export const bytesPerToken = 3;

/** The longest pair of most models, assumed until the model is loaded. */
export const usualMaxTokens = 512;

/** The special tokens around a text for an embedding model. */
const specialTokensOfText = 2;

/** The special tokens around a query and a document. */
const specialTokens = 4;

const encoder = new TextEncoder();

/** Estimates the tokens of a text from its size. */
function estimate(text: string): number {
  return Math.ceil(encoder.encode(text).length / bytesPerToken);
}

/**
 * Estimates the cost of a ranking in tokens. Each document counts together with its query, at most `longest` tokens. If
 * `maxTokensPerDocument` cuts documents, the query goes through the model once more without a document.
 */
export function estimateTokens(
  { parts, maxTokens = Number.POSITIVE_INFINITY, maxTokensPerDocument = Number.POSITIVE_INFINITY }: RankingRequest,
  longest: number,
): number {
  const most = Math.min(longest, maxTokens);
  let sum = 0;
  for (const { query, texts } of parts) {
    if (texts.length === 0) continue;
    const fixed = estimate(query) + specialTokens;
    if (maxTokensPerDocument < most) sum += Math.min(longest, fixed);
    for (const text of texts) sum += Math.min(most, fixed + Math.min(estimate(text), maxTokensPerDocument));
  }
  return sum;
}

/** Estimates the tokens of a text for an embedding model; ids are counted. */
export function estimateText(text: string | readonly number[]): number {
  return typeof text === 'string' ? estimate(text) + specialTokensOfText : text.length;
}
