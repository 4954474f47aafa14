import { misused, parseWords } from './arguments.js';
import type { Command } from './command.js';
import { help } from './help.js';
import { type KnownModel, knownModels } from './known-models.js';
import { print } from './output.js';

const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

const heads = ['MODEL', 'LICENCE', 'LANGUAGES', 'TOKENS', 'FILE', 'ABOUT'];

/** `rerank-wasm models` */
export const models: Command = async (words) => {
  const { values, positionals } = parseWords(words, options);
  if (values.help) return print(help.models);
  if (positionals.length > 0) throw misused(`\`models\` takes only options, not ${JSON.stringify(positionals[0])}`);
  return print(values.json ? asJson(knownModels) : asTable(knownModels));
};

function asJson(models: readonly KnownModel[]): string {
  return models.map((model) => `${JSON.stringify(model)}\n`).join('');
}

/** Columns for people, and the authors' repository below a conversion. */
function asTable(models: readonly KnownModel[]): string {
  const rows = models.map(({ id, licence, languages, tokens, file, megabytes }) => [
    id,
    licence,
    languages,
    String(tokens),
    file,
    `${megabytes} MB`,
  ]);
  const widths = heads.map((_, column) => Math.max(...[heads, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const lines = rows.flatMap((row, index) => {
    const from = models[index]?.convertedFrom;
    return [line(row), ...(from === undefined ? [] : [`  converted from ${from}`])];
  });
  return `${[line(heads), ...lines].join('\n')}\n`;
}
