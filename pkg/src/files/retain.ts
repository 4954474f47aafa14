import { RerankError } from '../common/errors.js';
import type { PlainLocation } from './location.js';
import type { ResolvedFile, ResolvedModel } from './resolve.js';

/**
 * Gives a function that gives the model once more. Bytes that nobody else holds are let go meanwhile: they would take as
 * much memory again as the loaded model.
 */
export function retain({ name, files }: ResolvedModel): () => ResolvedModel {
  const kept = files.map(retainFile);
  return () => ({ name, files: kept.map((file) => file()) });
}

function retainFile({ location, more, ...facts }: ResolvedFile): () => ResolvedFile {
  const first = retainLocation(location, facts.role);
  const others = more?.map((shard) => retainLocation(shard, facts.role));
  return () => ({ ...facts, location: first(), ...(others && { more: others.map((shard) => shard()) }) });
}

function retainLocation(location: PlainLocation, role: ResolvedFile['role']): () => PlainLocation {
  // Some versions of workerd have no weak references.
  return location instanceof Uint8Array && typeof WeakRef !== 'undefined'
    ? retainBytes(location, role)
    : () => location;
}

/**
 * A function of its own, whose closure does not have the bytes.
 *
 * @throws `model_not_found` from what it gives, where the bytes are gone
 */
function retainBytes(
  { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>,
  role: ResolvedFile['role'],
): () => PlainLocation {
  // The caller holds the buffer; the view may be ours alone.
  const held = new WeakRef(buffer);
  return () => {
    const bytes = held.deref();
    if (bytes) return new Uint8Array(bytes, byteOffset, byteLength);
    const reason = `the engine broke, and nobody has the bytes of the ${role} file any more`;
    throw new RerankError('model_not_found', `${reason}; create a new reranker`);
  };
}
