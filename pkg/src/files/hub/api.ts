import { isObject } from '../../common/kinds.js';
import { AnswerError, Connection } from '../connection.js';
import { Retries, TransientError } from '../retry.js';
import { type ListedFile, parseListing, withoutDuplicates } from './listing.js';
import { isCommit } from './name.js';
import { below, type HubPlace } from './place.js';
import { isRefusal, refusal, wrongListing } from './problems.js';

/** Pages of a list, of which each has up to 1,000 files. */
const mostPages = 20;

/** Bytes of one answer. */
const mostBytes = 16 << 20;

/** The server has no such interface, or hides it from this page, or cannot be reached. */
export class NoListing extends Error {}

/**
 * Lists the files of a repository. The revision is a commit if the hub says which one, so that all files belong together.
 *
 * @throws {@link NoListing}; `model_not_found`, `download_failed`, `aborted`
 */
export async function listFiles(place: HubPlace): Promise<{ revision: string; files: ListedFile[] }> {
  const revision = (await findCommit(place)) ?? place.revision;
  const files: ListedFile[] = [];
  const url = apiUrl(place, `tree/${encodeURIComponent(revision)}`);
  url.searchParams.set('recursive', 'true');
  for (let page = 0; page < mostPages; page += 1) {
    const { value, next } = await requestJson(url, place);
    files.push(...parseListing(value, place.repository));
    if (next === undefined) return { revision, files: withoutDuplicates(files) };
    if (url.searchParams.get('cursor') === next) throw wrongListing(place.repository, 'repeats the same page');
    url.searchParams.set('cursor', next);
  }
  throw wrongListing(place.repository, `has no end after ${mostPages} pages`);
}

/** Returns the commit of a branch or tag; undefined if the server does not say. */
async function findCommit(place: HubPlace): Promise<string | undefined> {
  const { revision } = place;
  if (isCommit(revision)) return revision;
  try {
    const url = apiUrl(place, `revision/${encodeURIComponent(revision)}`);
    const { value } = await requestJson(url, place);
    return isObject(value) && typeof value.sha === 'string' && isCommit(value.sha) ? value.sha : undefined;
  } catch (error) {
    // The list may be available all the same.
    if (error instanceof NoListing && error.cause instanceof AnswerError) return undefined;
    throw error;
  }
}

function apiUrl({ hub, repository }: HubPlace, path: string): URL {
  return below(hub, `api/models/${repository}/${path}`);
}

interface Answer {
  value: unknown;
  /** Where the next page begins. */
  next: string | undefined;
}

async function requestJson(url: URL, place: HubPlace): Promise<Answer> {
  const { repository, token, signal } = place;
  const retries = new Retries(signal);
  let silences = 0;
  for (;;) {
    const connection = new Connection(url.href, { signal, token: token?.value });
    try {
      const response = await connection.request();
      const text = await readText(connection, response, repository);
      return { value: parseJson(text, repository), next: cursorOf(response.headers.get('link'), url) };
    } catch (error) {
      if (error instanceof AnswerError)
        throw isRefusal(error) ? refusal(error, place) : new NoListing('', { cause: error });
      // A page that may not use this interface sees a network error, too. Files are retried apart from it.
      if (error instanceof TransientError && !error.answered) {
        silences += 1;
        if (silences > 1) throw new NoListing('', { cause: error });
      }
      await retries.wait(error);
    } finally {
      connection.close();
    }
  }
}

async function readText(connection: Connection, response: Response, repository: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of connection.body(response)) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw wrongListing(repository, `has more than ${mostBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string, repository: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrongListing(repository, 'is no JSON, or was cut short');
  }
}

/** Takes the cursor alone from the address of the next page: a mirror may repeat the address of the hub it mirrors. */
function cursorOf(link: string | null, base: URL): string | undefined {
  const [, address] = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '') ?? [];
  if (address === undefined || !URL.canParse(address, base)) return undefined;
  return new URL(address, base).searchParams.get('cursor') ?? undefined;
}
