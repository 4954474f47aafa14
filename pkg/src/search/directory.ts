import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { defaultDirectory, stillRuns, thisProcess, unlessMissing, writeWhole } from '../cache/directory.js';
import { RerankError, withReason } from '../common/errors.js';
import { fileNameOf, heldError, type SearchStore } from './store.js';

/** So often, and after so many milliseconds, a process looks again whether another one holds the index. */
const attempts = 4;
const waitMilliseconds = 25;

/** Opens an index as a directory with a file for each segment. */
export async function openDirectory(name: string, directory: string | undefined): Promise<SearchStore> {
  const path = join(directory ?? join(dirname(defaultDirectory()), 'search'), fileNameOf(name));
  const claim = join(path, `${thisProcess()}-${randomUUID()}.lock`);
  try {
    await mkdir(path, { recursive: true });
    await writeFile(claim, '');
  } catch (cause) {
    const message = withReason(`The index cannot be kept in ${path}`, cause, 'choose another `directory`');
    throw new RerankError('unsupported_environment', message, { cause });
  }
  const holder = await holderBeside(path, claim);
  if (holder !== undefined) {
    await rm(claim, { force: true });
    const hint = ` If that process has no such search, remove the file ${join(path, holder)}.`;
    throw heldError(name, `process ${holder.split('-')[1]}`, hint);
  }
  await removeLeftovers(path);
  return {
    list: () => readdir(path),
    read: (file) => unlessMissing(readFile(join(path, file))),
    write: (file, parts) => writeWhole(join(path, file), parts),
    remove: (file) => rm(join(path, file), { force: true }),
    close: () => rm(claim, { force: true }),
  };
}

/**
 * Returns the lock of another process that holds the index; undefined if this process does. Each process writes a lock
 * under a unique name and then looks for others. Of two that begin at once, at most one finds none.
 */
async function holderBeside(path: string, claim: string): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const others = await otherLocks(path, claim);
    const [first] = others;
    if (first === undefined) return undefined;
    // Of two that begin at once, the one with the earlier name stays.
    if (join(path, first) < claim || attempt === attempts) return first;
    await new Promise((resolve) => setTimeout(resolve, waitMilliseconds));
  }
}

/** Lists the locks of processes that run, and removes the others. */
async function otherLocks(path: string, claim: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await readdir(path)).sort()) {
    if (!name.endsWith('.lock') || join(path, name) === claim) continue;
    if (stillRuns(name)) found.push(name);
    else await rm(join(path, name), { force: true });
  }
  return found;
}

/** Removes what processes that ended did not complete. */
async function removeLeftovers(path: string): Promise<void> {
  for (const name of await readdir(path)) if (name.endsWith('.part')) await rm(join(path, name), { force: true });
}
