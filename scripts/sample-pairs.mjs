// sample-pairs.mjs: pairs for the option --sample of `rerank convert`, as lines of query, tab, passage: questions of the
// held-out sources of models/mini/eval, each with a passage that answers it and one that may not.
import { readHeldOut } from '../models/mini/eval/sets.mjs';

const queriesOfEach = 17;
const line = (text) => text.replace(/\s+/g, ' ').trim();

for (const { tasks } of await readHeldOut()) {
  for (const { query, passages, relevant } of tasks.slice(0, queriesOfEach)) {
    const other = passages.find((_, index) => !relevant.includes(index));
    for (const passage of [passages[relevant[0]], other]) process.stdout.write(`${line(query)}\t${line(passage)}\n`);
  }
}
