import {
  checkCallback,
  checkCount,
  checkOptions,
  checkSignal,
  invalid,
  invalidChoice,
  invalidValue,
} from '../common/check.js';
import type { EmbedOptions, SplitOptions } from '../common/embedding.js';
import type { EmbeddingUse } from '../common/embedding-use.js';
import type { TaskText } from '../engine/backend.js';
import { checkUse } from '../files/embedding/use.js';
import type { LocalFiles } from '../files/local-files.js';
import { defaultEmbeddingModel } from '../files/registry.js';
import { type CheckedModelOptions, checkModelOptions } from '../opening/options.js';

/** @throws `invalid_input` */
export function checkEmbedderOptions(
  options: unknown,
  local?: LocalFiles,
): { checked: CheckedModelOptions; use: EmbeddingUse } {
  const { checked, others } = checkModelOptions(options, ['pooling', 'prompts'], local);
  const { model = defaultEmbeddingModel } = checked.wish;
  const use = checkUse({ pooling: others.pooling, prompts: others.prompts }, '');
  return { checked: { ...checked, wish: { ...checked.wish, model } }, use };
}

/** The checked options of `embed`. */
export type CheckedEmbedOptions = EmbedOptions & Required<Pick<EmbedOptions, 'kind'>>;

/** @throws `invalid_input` */
export function checkEmbedOptions(options: unknown): CheckedEmbedOptions {
  const names = ['kind', 'prompt', 'dimensions', 'maxTokens', 'onProgress', 'signal'];
  const { kind, prompt, dimensions, maxTokens, onProgress, signal } = checkOptions(options, names);
  if (kind !== undefined && kind !== 'query' && kind !== 'document') {
    throw invalidChoice('kind', "'query' or 'document'", kind);
  }
  if (prompt !== undefined && typeof prompt !== 'string') throw invalidValue('prompt', 'a string', prompt);
  return {
    kind: kind ?? 'document',
    prompt,
    dimensions: checkCount(dimensions, 'dimensions'),
    maxTokens: checkCount(maxTokens, 'maxTokens'),
    onProgress: checkCallback<EmbedOptions['onProgress']>(onProgress, 'onProgress'),
    signal: checkSignal(signal),
  };
}

/** @throws `invalid_input` */
export function checkSplitOptions(options: unknown): SplitOptions {
  const { maxTokens, overlap, signal } = checkOptions(options, ['maxTokens', 'overlap', 'signal']);
  if (overlap !== undefined && !(typeof overlap === 'number' && Number.isSafeInteger(overlap) && overlap >= 0)) {
    throw invalidValue('overlap', 'a number of tokens', overlap);
  }
  return { maxTokens: checkCount(maxTokens, 'maxTokens'), overlap, signal: checkSignal(signal) };
}

/**
 * Returns a copy of a list of texts or ids.
 *
 * @throws `invalid_input`
 */
export function checkEmbeddable(texts: unknown): TaskText[] {
  return listOf(texts, 'strings or of lists of token ids').map((text: unknown, index) => {
    if (typeof text === 'string') return text;
    const isList = Array.isArray(text) || text instanceof Uint32Array;
    if (!isList) throw invalidValue(`texts[${index}]`, 'a string or a list of token ids', text);
    const wrong = [...text].find((id) => !Number.isInteger(id) || id < 0 || id >= 2 ** 32);
    if (wrong !== undefined) throw invalidValue(`texts[${index}]`, 'a list of token ids', wrong);
    return Uint32Array.from(text);
  });
}

/**
 * Returns a copy of a list of texts.
 *
 * @throws `invalid_input`
 */
export function checkTexts(texts: unknown): string[] {
  return listOf(texts, 'strings').map((text: unknown, index) => {
    if (typeof text !== 'string') throw invalidValue(`texts[${index}]`, 'a string', text);
    return text;
  });
}

function listOf(texts: unknown, members: string): unknown[] {
  if (Array.isArray(texts)) return texts;
  const { message } = invalidValue('texts', `an array of ${members}`, texts);
  throw invalid(typeof texts === 'string' ? `${message} Pass a list of one text.` : message);
}
