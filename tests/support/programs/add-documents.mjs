// add-documents.mjs DIRECTORY ROUND: opens the index `notes` in the directory and changes documents until it is killed.
// Each document says what it is, so that a reader can tell whether it is whole. Prints a line for each change.
import { createSearch } from 'rerank-wasm/search';

import { fakeEmbedder } from '../models/fake-search-models.js';

const [directory, round] = process.argv.slice(2);
const search = await createSearch({ embedder: fakeEmbedder(), name: 'notes', directory, chunkTokens: 16, overlap: 0 });
for (let change = 0; ; change += 1) {
  const documents = Array.from({ length: 5 }, (_, index) => {
    const id = `${(change * 5 + index) % 60}`;
    const words = `document ${id} of change ${round}.${change} `;
    return { id, text: words.repeat(1 + (change % 20)), words, times: 1 + (change % 20) };
  });
  await search.add(documents);
  if (change % 7 === 6) await search.remove([`${change % 60}`]);
  console.log(change);
}
