/** A repository on a Hugging Face hub, at a branch, a tag or a commit. */
export interface HubName {
  /** `org/repo` */
  repository: string;
  revision: string;
}

/** The branch that is taken if the caller names none. */
export const defaultRevision = 'main';

const part = String.raw`(?![.-])[\w.-]{1,96}`;
const form = new RegExp(`^(${part}/${part})(?:@([\\w./-]{1,250}))?$`);

/** Parses `org/repo` or `org/repo@revision`; undefined for any other text. */
export function parseHubName(text: string): HubName | undefined {
  const [, repository, revision = defaultRevision] = form.exec(text) ?? [];
  if (repository === undefined || repository.includes('..') || !isSafePath(revision)) return undefined;
  // The ending of a bundle, which is a file and no repository.
  if (repository.endsWith('.bundle')) return undefined;
  return { repository, revision };
}

/** True for a commit: what it names never changes. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** True for a relative path that stays below its folder, however a server or a file system reads it. */
export function isSafePath(path: string): boolean {
  if (path.length > 1000 || /[\\\p{Cc}]/u.test(path)) return false;
  return path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

/** Writes a path for a URL: each of its segments may hold any character. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
