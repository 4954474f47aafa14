import { checkCount, checkNames, invalidChoice, invalidValue } from '../../common/check.js';
import { type EmbeddingUse, type Pooling, poolings } from '../../common/embedding-use.js';
import { isObject } from '../../common/kinds.js';

/**
 * Checks how the caller says that a model is used. `where` is the name of the object with a dot, or empty.
 *
 * @throws `invalid_input`
 */
export function checkUse({ pooling, prompts, maxTokens }: Record<string, unknown>, where: string): EmbeddingUse {
  if (pooling !== undefined && !poolings.includes(pooling as Pooling)) {
    throw invalidChoice(`${where}pooling`, poolings.map((name) => `'${name}'`).join(', '), pooling);
  }
  const tokens = checkCount(maxTokens, `${where}maxTokens`);
  return {
    ...(pooling !== undefined && { pooling: pooling as Pooling }),
    ...(prompts !== undefined && { prompts: checkPrompts(prompts, `${where}prompts`) }),
    ...(tokens !== undefined && { maxTokens: tokens }),
  };
}

function checkPrompts(prompts: unknown, where: string): NonNullable<EmbeddingUse['prompts']> {
  if (!isObject(prompts)) throw invalidValue(where, 'an object', prompts);
  checkNames(prompts, ['query', 'document'], where);
  for (const [name, text] of Object.entries(prompts)) {
    if (text !== undefined && typeof text !== 'string') throw invalidValue(`${where}.${name}`, 'a string', text);
  }
  return { ...prompts };
}
