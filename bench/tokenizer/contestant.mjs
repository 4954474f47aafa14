// contestant.mjs KEY FILE MODULE_DIRECTORY OUTPUT speed|ready: measures one contestant, or only its time to load, and
// writes its results to OUTPUT as JSON.
import { readFileSync, writeFileSync } from 'node:fs';

import { contestants } from './contestants.mjs';
import { languages, texts } from './texts.mjs';

const [key, file, directory, output, what] = process.argv.slice(2);
const { start, ready, memory } = contestants.find((contestant) => contestant.key === key);

const seconds = 0.15;
const rounds = 9;

/** Returns the best of `rounds` rounds, in megabytes of UTF-8 a second. */
function megabytesPerSecond(encode, list) {
  const bytes = list.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  let best = 0;
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    let encoded = 0;
    while (performance.now() - begin < seconds * 1e3) {
      for (const text of list) encode(text);
      encoded += bytes;
    }
    best = Math.max(best, encoded / 1e3 / (performance.now() - begin));
  }
  return best;
}

const contestant = await start(directory, readFileSync(file));
if (contestant === undefined) {
  writeFileSync(output, JSON.stringify({ absent: true }));
} else {
  const begin = performance.now();
  const encode = contestant.make();
  const results = [{ name: ready, value: (performance.now() - begin) / 1e3, unit: 's' }];
  const ids = Object.values(texts)
    .flat()
    .map((text) => Array.from(encode(text)).join(' '));
  if (what === 'speed') {
    for (const language of Object.keys(languages)) {
      const value = megabytesPerSecond(encode, texts[language]);
      results.push({ name: `mb_per_s.${language}`, value, unit: 'MB/s' });
    }
  }
  if (memory !== undefined) results.push({ name: memory, value: contestant.grown() / 1e6, unit: 'MB' });
  writeFileSync(output, JSON.stringify({ results, ids }));
}
