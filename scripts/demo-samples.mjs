// demo-samples.mjs MODEL: ranks the sample passages for each sample query, and prints the best eight as the command line does.
import { readFileSync } from 'node:fs';

import { loadReranker } from '../pkg/dist/cli/model.js';
import { explain } from '../pkg/dist/cli/output.js';
import { showProgress } from '../pkg/dist/cli/progress.js';
import { asColumns, asList } from '../pkg/dist/cli/report.js';

const [model] = process.argv.slice(2);
const { queries, passages } = JSON.parse(readFileSync(new URL('../www/samples.json', import.meta.url), 'utf8'));
const documents = passages.map(({ text }, index) => ({ text, file: 'www/samples.json', line: index + 1 }));

async function main() {
  const reranker = await loadReranker({ model }, showProgress(process.stderr), new AbortController().signal);
  for (const { text: query } of queries) {
    process.stderr.write(`\n${query}\n`);
    const started = performance.now();
    const results = await reranker.rerank(query, documents);
    const seconds = (performance.now() - started) / 1000;
    const { memoryBytes } = await reranker.statistics();
    const tokens = results.reduce((sum, result) => sum + result.tokens, 0);
    const best = results.slice(0, 8).map((result) => ({ ...result, document: documents[result.index] }));
    const effort = { documents: documents.length, tokens, seconds, memoryBytes };
    process.stdout.write(process.stdout.isTTY ? asList(best, effort, process.stdout) : asColumns(best));
  }
  await reranker.dispose();
}

await main().catch((error) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
});
