import type { HubSubject } from './hub/problems.js';
import type { PlainLocation } from './location.js';

/** A file of a model with its role. */
export interface ResolvedFile {
  role: 'model' | 'tokenizer' | 'config' | 'bundle';
  location: PlainLocation;
  /** The further parts of a file that was cut into several. */
  more?: PlainLocation[];
  size?: number | undefined;
  sha256?: string | undefined;
  /**
   * The repository that the location is in, with the token for it. The token goes to a worker with the file; messages,
   * events and the cache never hold it.
   */
  origin?: HubSubject | undefined;
}

/** A model's files in the order of reading: a wrong small file fails before a large one is downloaded. */
export interface ResolvedModel {
  name: string;
  files: ResolvedFile[];
}
