import type { RerankProgress } from '../../common/types.js';
import type { Search } from '../../search/types.js';
import { type FileDocument, findFiles, readDocument } from './folder.js';

/** What changed in an index, in files. */
export interface Changes {
  indexed: number;
  removed: number;
  /** Files that were left out, with the reason. */
  leftOut: string[];
}

/** Reads this many files before they are indexed, so that few texts are in memory twice. */
const filesAtOnce = 64;

/**
 * Makes an index what the files below `path` are. It reads the files that are new or changed, and removes those that are
 * gone.
 *
 * @throws `invalid_input` for a folder that cannot be read; the errors of `add` and `remove`
 */
export async function indexFolder(
  search: Search<FileDocument & Record<string, unknown>>,
  path: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress: ((progress: RerankProgress) => void) | undefined },
): Promise<Changes> {
  const known = new Map((await search.documents()).map((document) => [document.id, document]));
  const { files, leftOut } = await findFiles(path, signal);
  const present = new Set(files.map(({ id }) => id));
  const gone = [...known.keys()].filter((id) => !present.has(id));
  const changed = files.filter(({ id, bytes, modifiedMilliseconds }) => {
    const before = known.get(id);
    return before?.bytes !== bytes || before.modifiedMilliseconds !== modifiedMilliseconds;
  });
  let indexed = 0;
  for (let from = 0; from < changed.length; from += filesAtOnce) {
    const part = changed.slice(from, from + filesAtOnce);
    const documents = [];
    for (const file of part) {
      const document = await readDocument(file);
      if (document) documents.push({ ...document });
      else leftOut.push(`${file.id} is not text in UTF-8`);
      if (!document && known.has(file.id)) gone.push(file.id);
    }
    const report = ({ done }: RerankProgress) => onProgress?.({ done: from + done, total: changed.length });
    await search.add(documents, { signal, onProgress: report });
    indexed += documents.length;
  }
  if (gone.length > 0) await search.remove(gone, { signal });
  return { indexed, removed: gone.length, leftOut };
}
