import { RerankError, throwIfAborted } from '../../common/errors.js';
import { isObject } from '../../common/kinds.js';
import { WebPageError } from '../connection.js';
import { encodePath } from '../hub/name.js';
import { describeLocation } from '../location.js';
import { openFile } from '../open.js';
import type { Surroundings } from '../resolve.js';
import type { ResolvedFile, ResolvedModel } from '../resolved.js';
import type { KnownFacts } from './facts.js';
import { sentenceTransformersFacts } from './sentence-transformers.js';

/** A longer file is none of these. */
const mostBytes = 1 << 20;

/**
 * Returns what the files of Sentence Transformers beside a model say about it; undefined if there are none. The cache
 * keeps what was downloaded.
 *
 * @throws `unsupported_model`, `invalid_model`, `download_failed`, `aborted`
 */
export async function findFacts(model: ResolvedModel, surroundings: Surroundings): Promise<KnownFacts | undefined> {
  const tokenizer = model.files.find(({ role }) => role === 'tokenizer');
  if (!tokenizer || typeof tokenizer.location !== 'string' || !/^(https?|file):/i.test(tokenizer.location)) {
    return undefined;
  }
  const { notes } = surroundings;
  const isLocal = tokenizer.location.startsWith('file:');
  const url = besideHref(tokenizer.location, 'modules.json');
  const key = `embedding 1 ${url}`;
  const kept = isLocal ? undefined : parse((await notes?.read(key)) ?? '');
  if (isObject(kept)) return kept.facts as KnownFacts | undefined;
  const facts = await sentenceTransformersFacts((path) => readJson(tokenizer, path, surroundings));
  if (!isLocal) await notes?.write(key, url, JSON.stringify({ facts }));
  return facts;
}

function besideHref(location: string, path: string): string {
  // A query (a token, a signature) stays.
  const url = new URL(location);
  url.pathname = url.pathname.replace(/[^/]*$/, encodePath(path));
  return url.href;
}

async function readJson(
  { location, origin }: ResolvedFile,
  path: string,
  { local, signal }: Surroundings,
): Promise<unknown> {
  const place = besideHref(String(location), path);
  const text = await readText({ role: 'config', location: place, origin }, local, signal);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value !== undefined) return value;
  throw new RerankError('invalid_model', `${describeLocation(place)} is not valid JSON; download it again.`);
}

/** Returns the text of a small file; undefined if it is missing. */
async function readText(
  file: ResolvedFile,
  local: Surroundings['local'],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const opened = await openFile(file, local, signal);
    try {
      const decoder = new TextDecoder();
      let [text, bytes] = ['', 0];
      for await (const chunk of opened.chunks) {
        throwIfAborted(signal);
        bytes += chunk.length;
        if (bytes > mostBytes) return '';
        text += decoder.decode(chunk, { stream: true });
      }
      return text + decoder.decode();
    } finally {
      opened.close();
    }
  } catch (error) {
    const isMissing = error instanceof RerankError && error.code === 'model_not_found';
    if (isMissing || error instanceof WebPageError) return undefined;
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
