import type { RerankerOptions } from '../common/types.js';
import type { Backend } from '../engine/backend.js';
import type { Platform } from '../engine/platform.js';
import { guarded, openModel } from '../opening/open.js';
import { CachedScores } from './cached-scores.js';
import { checkRerankerOptions } from './options.js';

/** The backend of `createReranker` for a platform. */
export async function create(platform: Platform, options: RerankerOptions | undefined): Promise<Backend> {
  const { scoreCache, ...checked } = checkRerankerOptions(options, platform.files);
  const { backend } = await openModel(platform, checked);
  return scoreCache
    ? new CachedScores(backend, scoreCache, guarded(checked.onWarning, 'onWarning'), platform)
    : backend;
}
