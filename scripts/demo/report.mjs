import { bar, fit, styles, widthOf } from './terminal.mjs';

const out = process.stdout;
const { bold, dim, accent } = styles(out);
const number = new Intl.NumberFormat('en');

/** Prints a query and its best passages. */
export function printRanking({ query, results, limit, tokens, milliseconds }) {
  const width = widthOf(out);
  const barWidth = width < 60 ? 6 : 12;
  const places = String(Math.min(limit, results.length)).length;
  const lines = results.slice(0, limit).map(({ score, document, truncated }, index) => {
    const place = `${index + 1}`.padStart(places);
    const mark = truncated ? '[cut] ' : '';
    const room = width - places - barWidth - mark.length - 9;
    return `${place} ${accent(bar(score, barWidth))} ${score.toFixed(4)} ${dim(mark)} ${fit(document.text, room)}`;
  });
  const hidden = results.length - lines.length;
  if (hidden > 0) lines.push(dim(`${' '.repeat(places)} and ${hidden} more`));
  lines.push(
    dim(`${number.format(tokens)} tokens, ${counts(results.length, 'passage', 'passages')}, ${seconds(milliseconds)}`),
  );
  out.write(`${bold(fit(query, width))}\n${lines.join('\n')}\n\n`);
}

/** Prints what the whole run took. */
export function printTotals({ modelName, queries, pairs, tokens, milliseconds, memoryBytes, processBytes }) {
  const counted = [
    counts(queries, 'query', 'queries'),
    counts(pairs, 'pair', 'pairs'),
    counts(tokens, 'token', 'tokens'),
  ];
  out.write(`${bold(fit(modelName, widthOf(out)))}\n`);
  out.write(`in all       ${counted.join(', ')} in ${seconds(milliseconds)}\n`);
  out.write(
    `peak memory  process ${megabytes(processBytes)}, of that the engine's linear memory ${megabytes(memoryBytes)}\n`,
  );
}

const counts = (amount, one, many) => `${number.format(amount)} ${amount === 1 ? one : many}`;
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
