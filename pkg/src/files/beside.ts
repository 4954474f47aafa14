import { RerankError } from '../common/errors.js';
import { describeLocation } from './location.js';
import type { ResolvedFile } from './resolved.js';

/**
 * Returns the file with this name beside a graph, which holds weights of the graph.
 *
 * @throws `unsupported_model` for a graph that is not in a folder
 */
export function fileBeside({ location, beside = {}, origin }: ResolvedFile, name: string): ResolvedFile {
  if (typeof location !== 'string' || !/^(https?|file):/i.test(location)) {
    const found = `The weights of the model are in the file ${JSON.stringify(name)} beside its graph`;
    const advice = 'pass the URL or the directory of the model, or a graph that holds its weights';
    throw new RerankError('unsupported_model', `${found}, which came as ${describeLocation(location)}; ${advice}.`);
  }
  // A query (a token, a signature) stays.
  const url = new URL(location);
  url.pathname = url.pathname.replace(/[^/]*$/, encodeURIComponent(name));
  const facts = Object.hasOwn(beside, name) ? beside[name] : undefined;
  return { role: 'data', location: url.href, ...facts, origin };
}
