import { misused, modelOptions, parseWords } from '../arguments.js';
import { type Command, exitCodes } from '../command.js';
import { help } from '../help.js';
import { loadReranker, type ModelValues } from '../model.js';
import { print } from '../output.js';
import { showProgress } from '../progress.js';
import { fit, type Output, widthOf } from '../terminal.js';
import { type Comparison, compareScores } from './compare.js';
import { publishedScores } from './published-scores.js';

const options = { ...modelOptions, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

/** `rerank-wasm verify` */
export const verify: Command = async (words, signal) => {
  const { values, positionals } = parseWords(words, options);
  if (values.help) return print(help.verify);
  if (positionals.length > 0) throw misused(`\`verify\` takes only options, not ${JSON.stringify(positionals[0])}`);
  const { model, comparison } = await compareModel(values, signal);
  print(values.json ? `${JSON.stringify({ model, ...comparison })}\n` : asTable(model, comparison, process.stdout));
  return comparison.passed ? exitCodes.done : exitCodes.differs;
};

async function compareModel(values: ModelValues, signal: AbortSignal) {
  const progress = showProgress(process.stderr);
  const reranker = await loadReranker(values, progress, signal);
  try {
    const comparison = await compareScores(reranker, publishedScores, { signal, onProgress: progress.ranking });
    return { model: (await reranker.statistics()).model, comparison };
  } finally {
    progress.end();
    await reranker.dispose();
  }
}

/** The comparison for people. */
export function asTable(model: string, { tolerance, rows, worst, mean, passed }: Comparison, out: Output): string {
  const width = out.isTTY ? Math.max(widthOf(out) - 36, 40) : Number.POSITIVE_INFINITY;
  const lines = rows.map(({ expectedLogit, logit, difference, passed: near, query, document, runtime }) => {
    const numbers = [expectedLogit, logit, difference].map((number) => number.toFixed(3).padStart(8)).join(' ');
    return `${numbers}  ${near ? 'ok  ' : 'FAR '} ${fit(`${query} / ${document} (${runtime})`, width)}\n`;
  });
  const summary = `mean difference ${mean.toFixed(3)} (at most ${tolerance.mean}), worst ${worst.toFixed(3)} (at most ${tolerance.pair})`;
  return [
    `${model}, logits: published (for unquantised models, unless int8 is named) and computed here\n`,
    'expected      got difference  query / document (published by)\n',
    ...lines,
    `${summary}: ${passed ? 'within the tolerance for int8 weights' : 'OUTSIDE the tolerance: these are not the published scores'}\n`,
  ].join('');
}
