// node bench/table.mjs: prints bench/results.json as a Markdown table.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const digits = { ratio: 2, s: 3, ms: 1, MB: 1, share: 3 };

/** Formats the results in their order. */
export function table(results) {
  const rows = results.map(({ name, value, unit, peer }) => [name, value.toFixed(digits[unit] ?? 3), unit, peer ?? '']);
  const widths = [0, 1, 2, 3].map((column) => Math.max(5, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column === 1 ? cell.padStart(widths[1]) : cell.padEnd(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 1 ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  return [line(['name', 'value', 'unit', 'peer']), rule, ...rows.map(line)].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(table(JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8'))));
}
