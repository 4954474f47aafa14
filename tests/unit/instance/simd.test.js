import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { installedNodes } from '../../support/programs/nodes.js';

/** Node 21 has the first V8 with relaxed SIMD. */
const relaxedMajor = 21;
const simd = import.meta.resolve('#internal/instance/simd.js');
const engines = fileURLToPath(new URL('../../../pkg/dist/wasm/', import.meta.url));

describe('the engine', () => {
  for (const { version, path } of installedNodes()) {
    const relaxed = Number.parseInt(version, 10) >= relaxedMajor;

    it(`is the one ${relaxed ? 'with' : 'without'} relaxed SIMD in Node ${version}`, () => {
      const script = `
        import { readFileSync } from 'node:fs';
        import { hasRelaxedSimd, hasSimd } from ${JSON.stringify(simd)};
        const runs = (name) => WebAssembly.validate(readFileSync(${JSON.stringify(engines)} + name));
        const engines = ['rerank', 'rerank-threads-simd', 'rerank-relaxed', 'rerank-threads'].map((it) => runs(it + '.wasm'));
        console.log(JSON.stringify([hasSimd(), hasRelaxedSimd(), ...engines]));`;
      const output = execFileSync(path, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
      assert.deepEqual(JSON.parse(output), [true, relaxed, true, true, relaxed, relaxed]);
    });
  }
});
