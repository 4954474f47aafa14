import { createReranker, RerankError } from 'rerank-wasm';

import { explain } from './demo/explain.mjs';
import { showProgress } from './demo/progress.mjs';
import { printRanking, printTotals } from './demo/report.mjs';
import { readSettings, SettingsError } from './demo/settings.mjs';

async function demo() {
  const { model, modelName, tasks, limit } = await readSettings(process.env);
  const progress = showProgress(process.stderr);
  let reranker;
  try {
    // The embedded model lies beside the code and needs no progress bar.
    reranker = await createReranker({
      model,
      onProgress: typeof model === 'string' ? progress.loading : undefined,
      onWarning: ({ message }) => process.stderr.write(`warning: ${message}\n`),
    });
  } finally {
    progress.end();
  }
  const totals = { queries: 0, pairs: 0, tokens: 0, milliseconds: 0 };
  for (const { query, passages } of tasks) {
    const started = performance.now();
    const options = { returnDocuments: true, onProgress: progress.ranking };
    const results = await reranker.rerank(query, passages, options).finally(progress.end);
    const milliseconds = performance.now() - started;
    const tokens = results.reduce((sum, result) => sum + result.tokens, 0);
    printRanking({ query, results, limit, tokens, milliseconds });
    totals.queries += 1;
    totals.pairs += results.length;
    totals.tokens += tokens;
    totals.milliseconds += milliseconds;
  }
  const { memoryBytes } = await reranker.statistics();
  printTotals({ ...totals, modelName, memoryBytes, processBytes: process.resourceUsage().maxRSS * 1024 });
  await reranker.dispose();
}

try {
  await demo();
} catch (error) {
  if (!(error instanceof RerankError || error instanceof SettingsError)) throw error;
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
