import { createSearchWith } from './search/create.js';
import { openDirectory } from './search/directory.js';
import type { CreateSearch } from './search/types.js';

export type * from './search/types.js';

export const createSearch: CreateSearch = createSearchWith(openDirectory);
