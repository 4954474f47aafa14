import { RerankError } from '../common/errors.js';
import { isObject } from '../common/kinds.js';
import type { RerankWarning } from '../common/types.js';
import type { OtherGraph, ResolvedModel } from '../files/resolved.js';
import type { Speed } from '../wasm/bindings.js';

/** A smaller graph on floats is fast enough not to warn of it. */
const largeBytes = 100e6;

/** Float weights of fewer bytes are a few layers that a quantiser left out. */
const manyFloatBytes = 10e6;

/**
 * Returns the warning about a model that runs slowly; undefined for a fast one, or a float graph without an int8 one
 * beside it. `bytes` is the size of its graph and weights.
 */
export function slowModelWarning(
  { unfused, isSlow, floatBytes }: Speed,
  model: ResolvedModel,
  bytes: number,
): RerankWarning | undefined {
  if (isSlow) {
    const operators = unfused.map(([name, count]) => `${count} ${name}`).join(', ');
    const found = `The engine has no fast form of parts of this model's graph (${operators})`;
    const cost = 'so that a pair takes two to seven times as long as in a graph of its fast families';
    return { code: 'slow_model', message: `${found}, ${cost}. Choose a model of one of these families.` };
  }
  const other = otherGraph(model);
  if (!other?.int8 || bytes < largeBytes || floatBytes < manyFloatBytes) return undefined;
  const cost = 'which take four times the memory of int8 ones and several times as long';
  const message = `The model's graph has float weights, ${cost}. Pass ${asOption(other)}, which is in the same repository.`;
  return { code: 'slow_model', message };
}

/** Adds to the engine's refusal of a form of graphs the file of the same repository that has another form. */
export function withOtherFile(error: unknown, model: ResolvedModel): unknown {
  const other = otherGraph(model);
  if (!other || !(error instanceof RerankError) || error.code !== 'unsupported_model') return error;
  if (!isObject(error.cause) || error.cause.otherForm !== true) return error;
  const advice = `The same repository has ${asOption(other)}, whose name is that of such a form.`;
  return new RerankError(error.code, `${error.message} ${advice}`, { cause: error.cause });
}

function otherGraph({ files }: ResolvedModel): OtherGraph | undefined {
  return files.find(({ role }) => role === 'model')?.other;
}

function asOption({ path }: OtherGraph): string {
  return `\`file: '${path}'\``;
}
