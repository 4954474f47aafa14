import type { Platform } from '../engine/platform.js';
import type { Surroundings } from '../files/resolve.js';

/** The parts of a platform that a model is looked for with. */
export function surroundingsOf({ files: local, environment, proxyAdvice }: Platform): Surroundings {
  return { local, environment, proxyAdvice };
}
