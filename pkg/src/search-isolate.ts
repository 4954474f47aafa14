import { RerankError } from './common/errors.js';
import { createSearchWith } from './search/create.js';
import type { CreateSearch } from './search/types.js';

export type * from './search/types.js';

export const createSearch: CreateSearch = createSearchWith(async () => {
  throw new RerankError(
    'unsupported_environment',
    'No index can be kept in an isolate; omit `name`, or pass `retrieve`.',
  );
});
