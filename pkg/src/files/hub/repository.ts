import type { Notes } from '../notes.js';
import type { ResolvedFile } from '../resolved.js';
import { listFiles, NoListing } from './api.js';
import { choiceText, choose, type HubChoice, parseChoice } from './choice.js';
import { otherGraph } from './graph.js';
import { below, fileUrl, type HubPlace } from './place.js';
import { probe } from './probe.js';

/** What is kept about a choice of files once it proved right or wrong. */
export interface Verdict {
  /** The model was loaded: the next start takes the same files without a request. */
  keep(): Promise<void>;
  /** A file is gone or differs: the next start asks the hub again. */
  forget(): Promise<void>;
}

/** The cache does not know the files of a repository, and the hub may not be asked. */
export class NoChoice extends Error {}

/**
 * Finds the files of a repository: those of the last time, if the cache knows them, else by the hub's list.
 *
 * @throws {@link NoChoice}; `model_not_found`, `unsupported_model`, `out_of_memory`, `download_failed`, `aborted`
 */
export async function findFiles(
  place: HubPlace,
  file: string | undefined,
  notes: Notes | undefined,
  offline: boolean,
): Promise<{ files: ResolvedFile[]; verdict: Verdict }> {
  const url = below(new URL(place.hub.origin + place.hub.pathname), `${place.repository}/tree/${place.revision}`).href;
  const key = `choice 1 ${url}${file === undefined ? '' : ` ${file}`}`;
  const kept = parseChoice((await notes?.read(key)) ?? '');
  if (!kept && offline) throw new NoChoice();
  const choice = kept ?? (await ask(place, file));
  return {
    files: resolve(choice, place),
    verdict: {
      async keep() {
        if (!kept) await notes?.write(key, url, choiceText(choice));
      },
      async forget() {
        if (kept) await notes?.remove(key);
      },
    },
  };
}

async function ask(place: HubPlace, file: string | undefined): Promise<HubChoice> {
  try {
    return choose(await listFiles(place), file, place.repository);
  } catch (error) {
    if (error instanceof NoListing) return probe(place, file);
    throw error;
  }
}

function resolve({ revision, files, companions = [], other }: HubChoice, place: HubPlace): ResolvedFile[] {
  const { repository, token } = place;
  const origin = { repository, revision: place.revision, token };
  const roles = ['config', 'tokenizer', 'model'] as const;
  return roles.flatMap((role) => {
    const file = files[role];
    if (!file) return [];
    const { path, size, sha256 } = file;
    const resolved: ResolvedFile = { role, location: fileUrl(place, revision, path).href, size, sha256, origin };
    if (role !== 'model') return [resolved];
    const beside = Object.fromEntries(
      companions.map(({ path, ...facts }) => [path.slice(path.lastIndexOf('/') + 1), facts]),
    );
    return [{ ...resolved, beside, ...(other !== undefined && { other: otherGraph(other) }) }];
  });
}
