// table.mjs COMPILER ENGINE LISTING: reads the output of workload.js and of the plugin counter.c, and prints a row of a
// Markdown table for each kernel. The blocks that multiply go to the file LISTING.

import { readFileSync, writeFileSync } from 'node:fs';

/** Kinds of instructions on vectors, by their beginning. All others step through the loop or move data. */
const kinds = [
  ['multiply', /^(?:smull2?|smlal2?|sdot|mul) v/],
  ['add', /^(?:add|addp|sadalp|saddlp|saddl2?|saddw2?) v/],
  ['load', /^(?:ld1r? |(?:ldr|ldur|ldp) [sdq]\d)/],
];
const [compiler, engine, listing] = process.argv.slice(2);
const lines = readFileSync(0, 'utf8').split('\n');

/** Runs of the kernels, each with the instructions of the layer and the blocks of the tile. */
const runs = [];
let products;
let names = [];
for (const line of lines) {
  const [word, ...numbers] = line.split(' ');
  if (word === 'RUN') runs.push({ entrant: Number(numbers[0]), instructions: Number(numbers[1]), blocks: [] });
  else if (word === 'BLOCK') {
    const code = line.slice(`BLOCK ${numbers[0]} `.length).split('; ');
    runs.at(-1).blocks.push({ times: Number(numbers[0]), code: code.map((it) => it.replace(/\s+/g, ' ').trim()) });
  } else if (word === 'KERNELS') [products, names] = [Number(numbers[0]), numbers.slice(1)];
  else if (!/^\.*$/.test(line)) console.error(line);
}
if (names.length === 0) throw new Error('the workload did not end');

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const kindOf = (instruction) => kinds.find(([, pattern]) => pattern.test(instruction))?.[0] ?? 'other';

const kernels = names.map((kernel, entrant) => {
  // A compiler or a collection of garbage may have run beside one of the runs.
  const all = runs.filter((run) => run.entrant === entrant).sort((a, b) => a.instructions - b.instructions);
  const [{ instructions, blocks }] = all;
  const each = { multiply: 0, add: 0, load: 0, other: 0 };
  for (const { times, code } of blocks) {
    for (const instruction of code) each[kindOf(instruction)] += times / products;
  }
  // No instruction has more than 16 products.
  if (each.multiply * 16 < 1) throw new Error(`${kernel}: ${each.multiply} multiplications for a product are too few`);
  blocks.sort((a, b) => b.times * b.code.length - a.times * a.code.length);
  return { kernel, each, tile: sum(Object.values(each)), layer: instructions / products, blocks };
});

const usual = kernels.find(({ kernel }) => kernel === 'dot_i16x8');
for (const { kernel, each, tile, layer } of kernels) {
  const numbers = [...Object.values(each), tile, layer].map((number) => number.toFixed(3));
  const ratios = [usual.tile / tile, usual.layer / layer].map((ratio) => ratio.toFixed(2));
  console.log(`| ${[compiler, engine, `\`${kernel}\``, ...numbers, ...ratios].join(' | ')} |`);
}
const text = kernels.map(({ kernel, blocks }) =>
  [kernel, ...blocks.map(({ times, code }) => [`${times} times:`, ...code].join('\n  '))].join('\n'),
);
writeFileSync(listing, `${text.join('\n\n')}\n`);
