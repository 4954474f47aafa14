import { RerankError } from '../common/errors.js';
import type { PlainLocation } from './location.js';
import type { ResolvedFile, ResolvedModel } from './resolved.js';

/**
 * Returns a function that returns the model again. Meanwhile only the caller keeps its bytes alive: they would take as
 * much memory again as the loaded model.
 */
export function retain({ files, ...facts }: ResolvedModel): () => ResolvedModel {
  const kept = files.map(retainFile);
  return () => ({ ...facts, files: kept.map((file) => file()) });
}

function retainFile({ location, more, ...facts }: ResolvedFile): () => ResolvedFile {
  const first = retainLocation(location, facts.role);
  const others = more?.map((shard) => retainLocation(shard, facts.role));
  return () => ({ ...facts, location: first(), ...(others && { more: others.map((shard) => shard()) }) });
}

function retainLocation(location: PlainLocation, role: ResolvedFile['role']): () => PlainLocation {
  // Some versions of workerd have no weak references.
  return ArrayBuffer.isView(location) && typeof WeakRef !== 'undefined' ? retainBytes(location, role) : () => location;
}

/**
 * Stands apart from its caller, so that the closure does not hold the bytes. The function that it returns throws
 * `model_not_found` if the bytes are gone.
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
    const reason = `The engine crashed, and the bytes of the ${role} file are no longer in memory`;
    throw new RerankError('model_not_found', `${reason}; create a new reranker.`);
  };
}
