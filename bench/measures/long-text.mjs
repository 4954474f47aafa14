// Measures the memory of a model of ModernBERT-base's size while it ranks a text of 8,192 tokens. It needs FAMILIES=1.
import { statSync } from 'node:fs';
import { join } from 'node:path';

import { families, modernbertBase } from '../models.mjs';
import { modelsFolder } from '../paths.mjs';
import { probe } from '../probe.mjs';

const length = 8192;

export async function longText(report) {
  if (families().length === 0) return;
  const { folder, graph } = modernbertBase;
  const directory = join(modelsFolder, folder);
  const { tokens, bytes } = await probe('long-text', [directory, String(length)]);
  if (tokens !== length) throw new Error(`The pair had ${tokens} tokens instead of ${length}.`);
  report.add(`memory.modernbert_base.1x${length}_mb`, (bytes - statSync(join(directory, graph)).size) / 1e6, 'MB');
}
