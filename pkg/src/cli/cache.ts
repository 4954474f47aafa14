import { clearCache, listCache } from '../node.js';
import { misused, parseWords } from './arguments.js';
import type { Command } from './command.js';
import { help } from './help.js';
import { print } from './output.js';

const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

/** `rerank-wasm cache` */
export const cache: Command = async (words) => {
  const { values, positionals } = parseWords(words, options);
  if (values.help) return print(help.cache);
  const [action = 'list', ...rest] = positionals;
  if (!['list', 'clear'].includes(action) || rest.length > 0) {
    throw misused(`\`cache\` takes list or clear, not ${JSON.stringify(positionals.join(' '))}`);
  }
  const entries = await listCache();
  if (action === 'clear') await clearCache();
  const lines = entries.map((entry) => (values.json ? JSON.stringify(entry) : `${entry.size}\t${entry.url}`));
  return print(lines.map((line) => `${line}\n`).join(''));
};
