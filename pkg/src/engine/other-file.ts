import { RerankError } from '../common/errors.js';
import { isObject } from '../common/kinds.js';
import type { RerankWarning } from '../common/loading.js';
import type { ResolvedModel } from '../files/resolved.js';
import type { Speed } from '../wasm/bindings.js';

/** A smaller graph on floats is fast enough not to warn of it. */
const largeBytes = 100e6;

/** Float weights of fewer bytes are a few layers that a quantiser left out. */
const manyFloatBytes = 10e6;

/**
 * Returns the warning about a model that runs slowly; undefined for a fast one. It names the int8 graph beside the model's,
 * if one is known. `bytes` is the size of its graph and weights.
 */
export function slowModelWarning(
  { unfused, isSlow, floatBytes }: Speed,
  model: ResolvedModel,
  bytes: number,
): RerankWarning | undefined {
  const other = otherGraph(model);
  const int8 = other?.int8 ? other : undefined;
  if (isSlow) {
    const operators = unfused.map(([name, count]) => `${count} ${name}`).join(', ');
    const found = `The engine has no fast form of parts of this model's graph (${operators})`;
    const cost = 'so that a pair takes two to seven times as long as in a graph of its fast families';
    const models = 'a model of one of these families: `npx rerank-wasm models` lists some';
    const advice = int8
      ? `Try ${int8.option}, an int8 graph in the same ${int8.holder}, or ${models}`
      : `Choose ${models}`;
    return { code: 'slow_model', message: `${found}, ${cost}. ${advice}.` };
  }
  if (bytes < largeBytes || floatBytes < manyFloatBytes) return undefined;
  const cost = 'which take four times the memory of int8 ones and several times as long';
  const lists = '`npx rerank-wasm models` lists models with int8 files';
  const advice = int8
    ? `Pass ${int8.option}, which is in the same ${int8.holder}`
    : `${lists}, and \`npx rerank-wasm convert\` makes integers of float weights`;
  return { code: 'slow_model', message: `The model's graph has float weights, ${cost}. ${advice}.` };
}

/** Adds to the engine's refusal of a form of graphs the file beside it that has another form. */
export function withOtherFile(error: unknown, model: ResolvedModel): unknown {
  const other = otherGraph(model);
  if (!other || !(error instanceof RerankError) || error.code !== 'unsupported_model') return error;
  if (!isObject(error.cause) || error.cause.otherForm !== true) return error;
  const advice = `The same ${other.holder} has ${other.option}, which has the name of such a form.`;
  return new RerankError(error.code, `${error.message} ${advice}`, { cause: error.cause });
}

/** Returns the graph that the caller can choose instead, as the option for it, and the kind of place that holds both. */
function otherGraph({ files }: ResolvedModel): { option: string; int8: boolean; holder: string } | undefined {
  const graph = files.find(({ role }) => role === 'model');
  if (!graph?.other) return undefined;
  const { path, int8 } = graph.other;
  const isLocal = typeof graph.location === 'string' && graph.location.startsWith('file:');
  return { option: `\`file: '${path}'\``, int8, holder: isLocal ? 'directory' : 'repository' };
}
