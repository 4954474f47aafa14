import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { messageOf, RerankError } from '../common/errors.js';

/** A document with the place that it was read from. */
export interface FoundDocument {
  text: string;
  /** The file as it was named; `-` for standard input. */
  file: string;
  /** Counted from 1; absent where the file is the document. */
  line?: number;
}

/** What names standard input. */
export const standardInput = '-';

/**
 * The documents in the files: their lines that are not blank or, with `perFile`, the files.
 *
 * @throws `invalid_input` for a file that cannot be read or is not text in UTF-8
 */
export async function readDocuments(
  files: readonly string[],
  { perFile, signal }: { perFile: boolean; signal: AbortSignal },
): Promise<FoundDocument[]> {
  const documents: FoundDocument[] = [];
  for (const file of files) {
    const text = await readText(file, signal);
    if (perFile) documents.push({ text, file });
    else documents.push(...linesOf(text, file));
  }
  return documents;
}

function* linesOf(text: string, file: string): Generator<FoundDocument> {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() !== '') yield { text: line, file, line: index + 1 };
  }
}

/**
 * The text of a file; `-` is standard input.
 *
 * @throws `invalid_input`
 */
export async function readText(file: string, signal: AbortSignal): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await (file === standardInput ? buffer(addAbortSignal(signal, process.stdin)) : readFile(file, { signal }));
  } catch (cause) {
    throw unreadable(file, cause);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RerankError('invalid_input', `${file} is not text in UTF-8`);
  }
}

/** What is wrong with a file that the words name and that cannot be read. */
export function unreadable(path: string, cause: unknown): RerankError {
  return new RerankError('invalid_input', `cannot read ${path}: ${messageOf(cause)}`, { cause });
}
