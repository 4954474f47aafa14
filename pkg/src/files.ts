import { decodeDataUrl } from './data-url.js';
import { openUrl } from './download.js';
import { RerankError } from './errors.js';
import { isBlob } from './kinds.js';
import type { OpenFile, Platform } from './platform.js';
import type { ResolvedFile } from './source.js';

const sliceBytes = 1 << 20;

/**
 * Opens a file of a model wherever it is.
 *
 * @throws `model_not_found`, `download_failed`, `aborted`, `unsupported_environment`; so do the chunks
 */
export async function openFile(
  { location, sha256 }: ResolvedFile,
  platform: Platform,
  signal: AbortSignal | undefined,
): Promise<OpenFile> {
  if (typeof location === 'string') {
    if (location.startsWith('data:')) return atHand(decodeDataUrl(location));
    if (!location.startsWith('file:')) return openUrl(location, { signal, pinned: sha256 !== undefined });
    if (!platform.files) throw new RerankError('unsupported_environment', `no access to local files here: ${location}`);
    return platform.files.open(new URL(location), signal);
  }
  if (isBlob(location)) return { size: location.size, exact: true, chunks: blobSlices(location), close() {} };
  return atHand(location);
}

function atHand(bytes: Uint8Array): OpenFile {
  return { size: bytes.byteLength, exact: true, chunks: slices(bytes), close() {} };
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += sliceBytes) yield bytes.subarray(start, start + sliceBytes);
}

async function* blobSlices(blob: Blob): AsyncGenerator<Uint8Array> {
  try {
    for (let start = 0; start < blob.size; start += sliceBytes) {
      yield new Uint8Array(await blob.slice(start, start + sliceBytes).arrayBuffer());
    }
  } catch (cause) {
    throw new RerankError('download_failed', 'the blob can no longer be read', { cause });
  }
}
