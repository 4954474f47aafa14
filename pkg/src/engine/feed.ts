import { type KeptPart, type ModelCache, type Recording, UnreadableError } from '../cache/model-cache.js';
import type { CacheOrigin } from '../common/cache-backend.js';
import { piecesOf } from '../common/chunks.js';
import { RerankError, throwIfAborted } from '../common/errors.js';
import type { LoadProgress } from '../common/loading.js';
import { Sha256 } from '../common/sha256.js';
import type { OpenFile } from '../files/local-files.js';
import { describeLocation } from '../files/location.js';
import { openFile } from '../files/open.js';
import { addressableBytes, type FileFacts, type ResolvedFile } from '../files/resolved.js';
import { withAdvice } from '../files/retry.js';
import type { Instance } from '../instance/instance.js';
import type { Loader } from '../wasm/bindings.js';
import type { KernelRace } from './kernel-race.js';
import { cacheKey, compactKey } from './keys.js';
import type { Platform } from './platform.js';

/** The loader that receives a file, and the watchers of the loading. */
export interface Feeding {
  platform: Platform;
  cache: ModelCache;
  instance: Instance;
  loader: Loader;
  race: KernelRace;
  signal: AbortSignal | undefined;
  report(progress: LoadProgress): void;
}

/** Bytes between two turns of the event loop, for sources that can be read without waiting. */
const bytesPerTurn = 4 << 20;

/** Feeds a file into the loader, from the cache if it has it; returns its size in bytes. */
export async function feed(file: ResolvedFile, feeding: Feeding): Promise<number> {
  const { cache, platform, signal } = feeding;
  const key = cacheKey(file);
  try {
    if (key === undefined || !cache.keeps()) return await feedOriginal(file, feeding);
    const cached = await feedKept(file, key, feeding);
    if (cached !== undefined) return cached;
    if (!platform.exclusively) return await feedOriginal(file, feeding, key);
    // The previous holder of the lock may have downloaded the file.
    const work = async () => (await feedKept(file, key, feeding)) ?? (await feedOriginal(file, feeding, key));
    return await platform.exclusively(`rerank-wasm ${key}`, work, signal);
  } catch (error) {
    throw withAdvice(
      located(error, file),
      key === undefined ? undefined : platform.proxyAdvice?.(describeLocation(file.location)),
    );
  }
}

/** Feeds the file from the cache, compact or as it is; undefined if the cache has neither form. */
async function feedKept(file: ResolvedFile, key: string, feeding: Feeding): Promise<number | undefined> {
  const compact = file.role === 'tokenizer' ? await feedCached(file, compactKey(key), {}, feeding) : undefined;
  return compact ?? (await feedCached(file, key, pinsOf(file), feeding));
}

/**
 * Feeds the cached file of this key; undefined if there is none, or if it was damaged and is now removed. `pins`
 * override the cache's facts.
 */
async function feedCached(
  file: ResolvedFile,
  key: string,
  pins: FileFacts,
  feeding: Feeding,
): Promise<number | undefined> {
  const { cache, instance, loader } = feeding;
  const found = await cache.find(key);
  if (!found) return undefined;
  const { size, sha256 } = { ...found, ...pins };
  try {
    const { loaded } = await take(
      { role: file.role, size, sha256, expected: size, chunks: cache.chunks(found) },
      feeding,
    );
    return loaded;
  } catch (error) {
    if (!isDamage(error, file.role)) throw error;
    const arrived = dropArrival(instance, loader);
    await cache.remove(key);
    return arrived ? size : undefined;
  } finally {
    // An unread stream holds its file open.
    if (!found.stream.locked) await found.stream.cancel().catch(() => {});
  }
}

/**
 * Feeds the file from its source. With a key, the cache keeps it after it proved sound, and what an earlier start kept of
 * it is not downloaded again.
 */
async function feedOriginal(file: ResolvedFile, feeding: Feeding, key?: string): Promise<number> {
  const { cache, instance, loader, platform, signal } = feeding;
  const open = (kept?: KeptPart) => openFile(file, platform.files, signal, kept);
  const kept = key === undefined || file.more ? undefined : await cache.resume(key);
  if (!kept) return feedOpened(file, await open(), feeding, key);
  const opened = await open(kept).catch(async (error: unknown) => {
    await kept.recording.end(true);
    throw error;
  });
  if (!opened.resumed) {
    await kept.recording.end();
    return feedOpened(file, opened, feeding, key);
  }
  try {
    return await feedOpened(file, opened, feeding, key, kept.recording);
  } catch (error) {
    // The server of a pinned file may have had another file before, or have one now.
    if (!isDamage(error, file.role)) throw error;
    if (dropArrival(instance, loader)) return opened.size ?? 0;
    return feedOpened(file, await open(), feeding, key);
  }
}

/** Feeds a file that was opened. If the download is cut, the cache keeps what arrived for the next start. */
async function feedOpened(
  file: ResolvedFile,
  opened: OpenFile,
  feeding: Feeding,
  key: string | undefined,
  begun?: Recording,
): Promise<number> {
  const { role, location, sha256 } = file;
  let recording = begun;
  try {
    const size = file.size ?? (opened.exact ? opened.size : undefined);
    const expected = size ?? opened.size;
    if (key !== undefined) recording ??= await feeding.cache.record(key, originOf(file, opened));
    const { loaded, compact } = await take({ role, size, sha256, expected, chunks: opened.chunks, recording }, feeding);
    const known = sha256 ?? opened.sha256?.();
    if (key !== undefined && typeof location === 'string') {
      if (compact) await keepCompact(compact, compactKey(key), location, feeding);
      else if (known !== undefined) await recording?.commit({ url: location, size: loaded, sha256: known });
    }
    return loaded;
  } catch (error) {
    await recording?.end(!isDamage(error, role) && !isUnsupported(error));
    throw error;
  } finally {
    opened.close();
    await recording?.end();
  }
}

/** Returns the origin of a file that a later start can go on with: its version is known, or its hash is checked. */
function originOf({ location, more, sha256 }: ResolvedFile, { version }: OpenFile): CacheOrigin | undefined {
  if (more || (sha256 ?? version) === undefined) return undefined;
  return { url: String(location), version };
}

async function keepCompact(bytes: Uint8Array, key: string, url: string, { cache }: Feeding): Promise<void> {
  const recording = await cache.record(key);
  const hash = new Sha256();
  try {
    for (const piece of piecesOf(bytes)) {
      hash.update(piece);
      await recording.write(piece);
    }
    await recording.commit({ url, size: bytes.length, sha256: hash.digest() });
  } finally {
    await recording.end();
  }
}

/** A file that is about to be fed. */
interface Intake {
  role: ResolvedFile['role'];
  /** Size and hash are checked. */
  size: number | undefined;
  sha256: string | undefined;
  /** The likely size. */
  expected: number | undefined;
  chunks: AsyncIterable<Uint8Array>;
  recording?: Recording | undefined;
}

/** Bytes that were fed, and the compact form of a tokenizer that the cache will keep. */
interface Taken {
  loaded: number;
  compact: Uint8Array | undefined;
}

async function take({ role, size, sha256, expected, chunks, recording }: Intake, feeding: Feeding): Promise<Taken> {
  const { platform, instance, loader, race, signal, report } = feeding;
  if (size !== undefined && size > addressableBytes) {
    throw new RerankError(
      'out_of_memory',
      `The ${role} file has ${size} bytes; WebAssembly can address ${addressableBytes}. Use a smaller model.`,
    );
  }
  const likelySize = expected !== undefined && expected <= addressableBytes ? expected : undefined;
  let loaded = 0;
  instance.call(() => loader.begin(role, size, sha256, likelySize));
  report({ phase: 'download', file: role, loaded, total: expected });
  for await (const piece of inPieces(chunks)) {
    throwIfAborted(signal);
    instance.call(() => loader.push(piece));
    await recording?.write(piece);
    const turnIsDue = Math.floor((loaded + piece.length) / bytesPerTurn) > Math.floor(loaded / bytesPerTurn);
    loaded += piece.length;
    const total = expected === undefined || loaded > expected ? undefined : expected;
    report({ phase: 'download', file: role, loaded, total });
    if (!turnIsDue) continue;
    await turn(platform, signal);
    race.step();
  }
  report({ phase: 'verify', file: role, loaded, total: loaded });
  await turn(platform, signal);
  if (role === 'tokenizer' && recording) return { loaded, compact: instance.call(() => loader.endAndConvert()) };
  instance.call(() => loader.end());
  return { loaded, compact: undefined };
}

/** The engine copies each piece, so that a large one would take its memory twice. */
async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield* piecesOf(chunk);
}

/** Lets the event loop turn. */
export async function turn(platform: Platform, signal: AbortSignal | undefined): Promise<void> {
  await platform.pause();
  throwIfAborted(signal);
}

function pinsOf({ size, sha256 }: ResolvedFile): FileFacts {
  return { ...(size !== undefined && { size }), ...(sha256 !== undefined && { sha256 }) };
}

/** True for an error that the same file from its source may not cause. */
function isDamage(error: unknown, role: ResolvedFile['role']): boolean {
  if (error instanceof UnreadableError) return true;
  if (!(error instanceof RerankError)) return false;
  // A compact form may be of another version.
  return ['integrity_mismatch', 'invalid_model', ...(role === 'tokenizer' ? ['unsupported_model'] : [])].includes(
    error.code,
  );
}

function isUnsupported(error: unknown): boolean {
  return error instanceof RerankError && error.code === 'unsupported_model';
}

/**
 * Makes the loader forget a partial file, so that it can be fed again. Returns true if the file was complete, since the
 * read failed behind its last byte: the loader has checked and taken it.
 */
function dropArrival(instance: Instance, loader: Loader): boolean {
  try {
    instance.call(() => loader.end());
    return true;
  } catch (error) {
    // The loader drops the file, whether it refuses the part now or refused the whole before.
    if (!instance.usable) throw error;
    return false;
  }
}

/** Adds the source of the file to the engine's error about it. */
function located(error: unknown, { location }: ResolvedFile): unknown {
  if (
    !(error instanceof RerankError) ||
    !['integrity_mismatch', 'invalid_model', 'unsupported_model'].includes(error.code)
  ) {
    return error;
  }
  const message = `${error.message.replace(/\.$/, '')} (${describeLocation(location)}).`;
  return new RerankError(error.code, message, { cause: error.cause });
}
