import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const disassembler = `${repository}node_modules/.bin/wasm-dis`;

/** Returns the names of an engine's instructions with results that WebAssembly leaves to the processor. */
function relaxedInstructions(engine) {
  const file = `${repository}pkg/dist/wasm/${engine}.wasm`;
  const text = execFileSync(disassembler, ['--all-features', file], { encoding: 'utf8', maxBuffer: 2 ** 29 });
  assert.match(text, /\bf32x4\.pmin\b/, 'the text has instructions');
  return [...new Set(text.match(/\b[if]\d+x\d+\.(?:relaxed_\w+|laneselect)/g))].sort();
}

describe('the engines', () => {
  // Seven bits make these two exact. The compiler may choose others by itself, as soon as relaxed SIMD is enabled.
  const exact = ['i16x8.relaxed_dot_i8x16_i7x16_s', 'i32x4.relaxed_dot_i8x16_i7x16_add_s'];
  const engines = { rerank: [], 'rerank-threads-simd': [], 'rerank-relaxed': exact, 'rerank-threads': exact };
  for (const [engine, expected] of Object.entries(engines)) {
    it(`${engine} has ${expected.length} relaxed instructions, the dot products`, () => {
      assert.deepEqual(relaxedInstructions(engine), expected);
    });
  }
});
