import { RerankError } from '../common/errors.js';
import { Instance, type InstanceCopy } from '../instance/instance.js';
import type { LoadedModel } from './load.js';

/** A loaded model as it crosses to another worker: the memory of its instance, and facts about it. */
export type ModelCopy = Omit<LoadedModel, 'instance' | 'model'> & { instance: InstanceCopy };

/** Copies a model between two calls; its instance must have no threads. The model goes on. */
export function copyModel({ instance, model, ...facts }: LoadedModel): ModelCopy {
  instance.call(() => model.keep());
  const copy = instance.copy();
  if (!copy) throw new RerankError('internal', 'An instance with threads cannot be copied.');
  return { ...facts, instance: copy };
}

/**
 * Starts an instance with the model of a copy.
 *
 * @throws `out_of_memory`, `unsupported_environment`
 */
export async function startCopy({ instance: copy, ...facts }: ModelCopy): Promise<LoadedModel> {
  const instance = await Instance.startCopy(facts.module, copy);
  const { Embedder, Model } = instance.bindings;
  const model = instance.call(() => (facts.dimensions === undefined ? Model.kept() : Embedder.kept()));
  if (!model) throw new RerankError('internal', 'The copy of an instance has no model.');
  return { ...facts, instance, model };
}
