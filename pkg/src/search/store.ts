import { invalid } from '../common/check.js';
import type { RerankError } from '../common/errors.js';

/** The files of an index. One process or tab at a time holds them. */
export interface SearchStore {
  list(): Promise<string[]>;
  /** Returns undefined for a file that is missing. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes a new file. If the process ends meanwhile, the file may be missing, or damaged in a way that its end reveals. */
  write(name: string, parts: readonly Uint8Array[]): Promise<void>;
  remove(name: string): Promise<void>;
  /** Lets others open the index. */
  close(): Promise<void>;
}

/**
 * Opens the files of an index, alone.
 *
 * @throws `invalid_input` if another process or tab holds them; `unsupported_environment`
 */
export type OpenStore = (name: string, directory: string | undefined) => Promise<SearchStore>;

/** The failure of a process or tab that is not alone. `hint` is a further sentence. */
export function heldError(name: string, holder: string, hint = ''): RerankError {
  const advice = 'dispose of that search first, or choose another `name`.';
  return invalid(`The index ${JSON.stringify(name)} is open in ${holder}; ${advice}${hint}`);
}

/** Most file systems take 255. */
const longestName = 200;

/** Writes a name as one that every file system takes. Two names never become one, even where case does not count. */
export function fileNameOf(name: string): string {
  const bytes = new TextEncoder().encode(name);
  const plain = /[a-z0-9_-]/;
  const parts = Array.from(bytes, (byte) => {
    const sign = String.fromCharCode(byte);
    return plain.test(sign) ? sign : `%${byte.toString(16).padStart(2, '0')}`;
  });
  const text = parts.join('');
  if (text.length <= longestName) return text;
  throw invalid(`\`name\` must have at most ${longestName} small letters; choose a shorter one.`);
}
