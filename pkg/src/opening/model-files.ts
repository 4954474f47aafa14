import type { Caches } from '../cache/managed.js';
import { ModelCache } from '../cache/model-cache.js';
import { CachedNotes } from '../cache/notes.js';
import type { CacheBackend, CacheFacts } from '../common/cache-backend.js';
import { throwIfAborted } from '../common/errors.js';
import type { ModelFileFacts } from '../common/types.js';
import { cacheKey, compactKey, dataNamesKey } from '../engine/keys.js';
import type { Platform } from '../engine/platform.js';
import { fileBeside } from '../files/beside.js';
import { isDataOf } from '../files/hub/graph.js';
import { NoChoice } from '../files/hub/repository.js';
import type { PlainLocation } from '../files/location.js';
import { openFile } from '../files/open.js';
import { resolveModel } from '../files/resolve.js';
import { isDispensable, type ResolvedFile } from '../files/resolved.js';
import { withAdvice } from '../files/retry.js';
import { askSize } from '../files/size.js';
import { checkModelFilesOptions } from './options.js';
import { surroundingsOf } from './surroundings.js';

/** `modelFiles` for a platform. */
export async function modelFiles(platform: Platform, model: unknown, options: unknown): Promise<ModelFileFacts[]> {
  const { found, signal } = await find(platform, model, options, false);
  const facts = found.map((file) =>
    factsOf(file, platform, signal).catch((error: unknown) => {
      if (isDispensable(file.file, error)) return [];
      throw error;
    }),
  );
  return (await Promise.all(facts)).flat();
}

/** `isCached` for a platform. It asks no server. */
export async function isCached(platform: Platform, model: unknown, options: unknown): Promise<boolean> {
  try {
    const { found } = await find(platform, model, options, true);
    return found.every(({ file, isLocal, entry }) => file.optional || isLocal || entry !== undefined);
  } catch (error) {
    if (error instanceof NoChoice) return false;
    throw error;
  }
}

/** A file of a model with its facts in the cache, if it is there. */
interface FoundFile {
  file: ResolvedFile;
  isLocal: boolean;
  entry: CacheFacts | undefined;
}

async function find(platform: Platform, model: unknown, options: unknown, offline: boolean) {
  const { wish, cache: choice, signal } = checkModelFilesOptions(model, options);
  throwIfAborted(signal);
  // The creation warns of a cache that fails.
  const cache = new ModelCache(choice === 'auto' ? everyCache(platform.caches) : choice, undefined, () => {});
  const notes = new CachedNotes(() => cache);
  const surroundings = { ...surroundingsOf(platform), notes, signal, offline };
  const { model: resolved } = await resolveModel(wish, surroundings);
  const files: ResolvedFile[] = [];
  for (const file of resolved.files) files.push(file, ...(await dataOf(file, notes)));
  const found: FoundFile[] = [];
  for (const file of files) {
    const isLocal = ![file.location, ...(file.more ?? [])].some(isRemote);
    found.push({ file, isLocal, entry: await findIn(cache, file) });
  }
  return { found, signal };
}

/** Reads every cache of the platform: a page's worker may write to one that the page itself cannot write to. */
function everyCache(caches: Caches | undefined): CacheBackend {
  const read = async (key: string) => {
    for (const cache of caches?.all() ?? []) {
      const found = await cache.read(key).catch(() => undefined);
      if (found) return found;
    }
    return undefined;
  };
  // Nothing is written here.
  return { read } as CacheBackend;
}

/** Returns the files with a graph's weights: those of the last time, else those that are named after it. */
async function dataOf(file: ResolvedFile, notes: CachedNotes): Promise<ResolvedFile[]> {
  const key = file.role === 'model' ? cacheKey(file) : undefined;
  if (key === undefined) return [];
  const graph = { path: decodeURIComponent(new URL(String(file.location)).pathname.replace(/^.*\//, '')) };
  const noted = parseNames((await notes.read(dataNamesKey(key))) ?? '');
  const names = noted ?? Object.keys(file.beside ?? {}).filter((path) => isDataOf(graph, { path }));
  return names.map((name) => fileBeside(file, name));
}

function parseNames(text: string): string[] | undefined {
  try {
    const names: unknown = JSON.parse(text);
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined;
  } catch {
    return undefined;
  }
}

async function findIn(cache: ModelCache, file: ResolvedFile): Promise<CacheFacts | undefined> {
  const key = cacheKey(file);
  if (key === undefined) return undefined;
  for (const name of file.role === 'tokenizer' ? [compactKey(key), key] : [key]) {
    const found = await cache.find(name);
    if (!found) continue;
    await found.stream.cancel().catch(() => {});
    return found;
  }
  return undefined;
}

async function factsOf(
  { file, isLocal, entry }: FoundFile,
  platform: Platform,
  signal: AbortSignal | undefined,
): Promise<ModelFileFacts> {
  const { role, location, size } = file;
  const url = typeof location === 'string' && /^(https?|file|blob):/.test(location) ? location : undefined;
  return {
    file: role,
    url,
    size:
      size ??
      entry?.size ??
      (isLocal ? await localSize(file, platform, signal) : await remoteSize(file, platform, signal)),
    cached: isLocal || entry !== undefined,
  };
}

async function localSize(
  { location, more = [], role }: ResolvedFile,
  { files }: Platform,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  return sum([location, ...more], async (place) => {
    const opened = await openFile({ role, location: place }, files, signal);
    opened.close();
    return opened.size;
  });
}

async function remoteSize(
  { location, more = [], origin }: ResolvedFile,
  { proxyAdvice }: Platform,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  return sum([location, ...more], async (place) => {
    if (typeof place !== 'string') return undefined;
    return askSize(place, origin, signal).catch((error: unknown) => {
      throw withAdvice(error, proxyAdvice?.(place));
    });
  });
}

/** Returns the sum of the sizes; undefined if one of them is. */
async function sum(
  places: PlainLocation[],
  sizeOf: (place: PlainLocation) => Promise<number | undefined>,
): Promise<number | undefined> {
  const sizes = await Promise.all(places.map(sizeOf));
  return sizes.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0);
}

function isRemote(place: PlainLocation): boolean {
  return typeof place === 'function' || (typeof place === 'string' && /^https?:/i.test(place));
}
