import { it } from 'node:test';

import { createSearch } from '#internal/search-isolate.js';
import { rejectsWith } from '../../support/asserts/assertions.js';

it('an isolate keeps no index', async () => {
  await rejectsWith(createSearch({ name: 'notes' }), 'unsupported_environment', /omit `name`, or pass `retrieve`/);
  const search = await createSearch({});
  await search.add([{ id: '1', text: 'in memory' }]);
});
