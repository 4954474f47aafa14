import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { RerankError, withReason } from '../common/errors.js';

/** A document and the place that it was read from. */
export interface FoundDocument {
  text: string;
  /** The file's name in the arguments; `-` for standard input. */
  file: string;
  /** Counted from 1; absent if the whole file is the document. */
  line?: number;
}

/** The name of standard input in the arguments. */
export const standardInput = '-';

/**
 * Reads the documents in the files: each line that is not blank or, with `perFile`, each file.
 *
 * @throws `invalid_input` for a file that cannot be read or is not UTF-8
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
 * Reads the text of a file; `-` is standard input.
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
    throw new RerankError('invalid_input', `The file ${file} is not text in UTF-8; convert it to UTF-8.`);
  }
}

/** The error for a file in the arguments that cannot be read. */
export function unreadable(path: string, cause: unknown): RerankError {
  return new RerankError('invalid_input', withReason(`The file ${path} cannot be read`, cause), { cause });
}
