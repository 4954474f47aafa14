import { RerankError } from './errors.js';
import type { ResolvedFile, ResolvedModel } from './source.js';

/**
 * Gives a function that gives the model once more. Bytes that nobody else holds are let go meanwhile: they would take as
 * much memory again as the loaded model.
 */
export function retain({ name, files }: ResolvedModel): () => ResolvedModel {
  const kept = files.map(retainFile);
  return () => ({ name, files: kept.map((file) => file()) });
}

function retainFile(file: ResolvedFile): () => ResolvedFile {
  const { location, ...facts } = file;
  // Some versions of workerd have no weak references.
  return location instanceof Uint8Array && typeof WeakRef !== 'undefined' ? retainBytes(location, facts) : () => file;
}

/**
 * A function of its own, whose closure does not have the bytes.
 *
 * @throws `model_not_found` from what it gives, where the bytes are gone
 */
function retainBytes(
  { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>,
  facts: Omit<ResolvedFile, 'location'>,
): () => ResolvedFile {
  // The caller holds the buffer; the view may be ours alone.
  const held = new WeakRef(buffer);
  return () => {
    const bytes = held.deref();
    if (bytes) return { ...facts, location: new Uint8Array(bytes, byteOffset, byteLength) };
    const reason = `the engine broke, and nobody has the bytes of the ${facts.role} file any more`;
    throw new RerankError('model_not_found', `${reason}; create a new reranker`);
  };
}
