import { describeValue } from '../common/check.js';
import { chunksOf, piecesOf } from '../common/chunks.js';
import { RerankError, withReason } from '../common/errors.js';
import { isBlob } from '../common/kinds.js';
import { AnswerError, WebPageError } from './connection.js';
import { readDataUrl } from './data-url.js';
import { type DownloadOptions, type KeptChunks, openUrl, sizeOf } from './download.js';
import { refusal } from './hub/problems.js';
import type { LocalFiles, OpenFile } from './local-files.js';
import { isRemoteFile, noLocalFiles, type Opener, type PlainLocation } from './location.js';
import type { ResolvedFile } from './resolved.js';

const sliceBytes = 1 << 20;

/**
 * Opens a file of a model, wherever it is. If its beginning was kept, and the server has the same version and sends
 * parts, the rest is downloaded alone.
 *
 * @throws `model_not_found`, `download_failed`, `aborted`, `unsupported_environment`; the chunks throw the same
 */
export async function openFile(
  file: ResolvedFile,
  local: LocalFiles | undefined,
  signal: AbortSignal | undefined,
  kept?: KeptChunks,
): Promise<OpenFile> {
  if (file.more) return openShards(file, file.more, local, signal);
  return openLocation(file, local, signal, kept);
}

/** Opens one part of a file; throws as {@link openFile} does. */
export async function openLocation(
  { location, sha256, origin }: Pick<ResolvedFile, 'location' | 'sha256' | 'origin'>,
  local: LocalFiles | undefined,
  signal: AbortSignal | undefined,
  kept?: KeptChunks,
): Promise<OpenFile> {
  if (typeof location === 'string') {
    if (location.startsWith('data:')) return open(readDataUrl(location));
    if (!location.startsWith('file:')) {
      return openRemote(location, { signal, pinned: sha256 !== undefined, kept }, origin);
    }
    if (!local) throw noLocalFiles(location);
    return local.open(new URL(location), signal).catch((error) => {
      throw isMissing(error) ? elsewhere(error) : error;
    });
  }
  if (typeof location === 'function') return openResponse(location);
  if (isRemoteFile(location)) return location.open();
  if (isBlob(location)) return { size: location.size, exact: true, chunks: blobSlices(location), close() {} };
  return open({ size: location.length, chunks: piecesOf(location) });
}

function isMissing(error: unknown): error is RerankError {
  return error instanceof RerankError && error.code === 'model_not_found';
}

/** Adds the option that says where a file is: a bundle may have left it behind. */
function elsewhere({ code, message, cause }: RerankError): RerankError {
  const found = message.replace(/\.$/, '');
  return new RerankError(code, `${found}; copy it there, or pass another place as \`model\`.`, { cause });
}

async function openRemote(url: string, options: DownloadOptions, origin: ResolvedFile['origin']): Promise<OpenFile> {
  try {
    return await openUrl(url, { ...options, token: origin?.token?.value });
  } catch (error) {
    const refused = error instanceof AnswerError && !(error instanceof WebPageError);
    throw origin && refused ? refusal(error, origin) : error;
  }
}

function open({ size, chunks }: { size: number; chunks: Iterable<Uint8Array> }): OpenFile {
  return { size, exact: true, chunks: each(chunks), close() {} };
}

/** Reads the parts one after the other. Each is opened when the one before it has ended. */
async function openShards(
  { location, size }: ResolvedFile,
  more: PlainLocation[],
  local: LocalFiles | undefined,
  signal: AbortSignal | undefined,
): Promise<OpenFile> {
  let current: OpenFile | undefined = await openLocation({ location }, local, signal);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const next of [...more, undefined]) {
      yield* current?.chunks ?? [];
      current?.close();
      current = undefined;
      if (next !== undefined) current = await openLocation({ location: next }, local, signal);
    }
  }
  return { size, exact: false, chunks: chunks(), close: () => current?.close() };
}

async function openResponse(open: Opener): Promise<OpenFile> {
  const response = await answer(open);
  const { body, headers, ok, status } = response;
  if (!ok || !body) {
    await body?.cancel().catch(() => {});
    const code = status === 404 ? 'model_not_found' : 'download_failed';
    const found = ok ? 'no body' : `the status ${status}`;
    throw new RerankError(
      code,
      `A function in \`model.files\` returned a Response with ${found}; it must return the file.`,
    );
  }
  return {
    size: sizeOf(headers),
    exact: false,
    chunks: received(body),
    close: () => void body.cancel().catch(() => {}),
  };
}

async function answer(open: Opener): Promise<Response> {
  let response: unknown;
  try {
    response = await open();
  } catch (cause) {
    throw new RerankError('download_failed', withReason('A function in `model.files` threw', cause), { cause });
  }
  if (Object.prototype.toString.call(response) === '[object Response]') return response as Response;
  const found = describeValue(response);
  throw new RerankError('invalid_input', `A function in \`model.files\` must return a Response; it returned ${found}.`);
}

async function* received(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of chunksOf(body)) yield* piecesOf(chunk);
  } catch (cause) {
    const statement = 'The Response of a function in `model.files` ended early';
    throw new RerankError('download_failed', withReason(statement, cause), { cause });
  }
}

async function* each(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* blobSlices(blob: Blob): AsyncGenerator<Uint8Array> {
  try {
    for (let start = 0; start < blob.size; start += sliceBytes) {
      yield new Uint8Array(await blob.slice(start, start + sliceBytes).arrayBuffer());
    }
  } catch (cause) {
    const statement = 'A Blob in `model.files` can no longer be read, because its file may have changed';
    throw new RerankError('download_failed', withReason(statement, cause), { cause });
  }
}
