import { encodePath, type HubName } from './name.js';
import type { HubToken } from './token.js';

/** A repository at its hub, and the right to read it. */
export interface HubPlace extends HubName {
  hub: URL;
  token: HubToken | undefined;
  signal: AbortSignal | undefined;
}

/** Returns the URL of `path` below `base`. A query (a token, a signature) stays. */
export function below(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  return url;
}

/** Returns the URL of a file of the repository at a revision. */
export function fileUrl({ hub, repository }: Pick<HubPlace, 'hub' | 'repository'>, revision: string, path: string) {
  return below(hub, `${repository}/resolve/${encodeURIComponent(revision)}/${encodePath(path)}`);
}
