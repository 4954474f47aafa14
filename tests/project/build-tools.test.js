import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { installedNodes } from '../support/programs/nodes.js';

const pathOf = (script) => fileURLToPath(new URL(`../../scripts/${script}`, import.meta.url));

describe('what the build calls', () => {
  it('builds for the demo the engine that the package takes in each Node', () => {
    const simd = new URL('../../pkg/dist/instance/simd.js', import.meta.url).href;
    const taken = `import(${JSON.stringify(simd)}).then(({ engineName }) => console.log(engineName()))`;
    for (const { path } of installedNodes()) {
      const printed = (...options) => execFileSync(path, options, { encoding: 'utf8' }).trim();
      assert.equal(`${printed(pathOf('engine-name.mjs'))}.wasm`, printed('--eval', taken));
    }
  });

  it('reports how far cargo is, and passes warnings and errors', () => {
    const input = [
      '    Updating crates.io index\n  Downloaded syn v2.0.0\n   Compiling syn v2.0.0\n',
      '\x1b[K    Building [==>    ] 3/10: syn, serde\r',
      'warning: unused variable\n --> src/lib.rs:1\n',
      '    Building [======>] 9/10: tract-core\rerror: it does not compile\n',
    ].join('');
    const { stderr, stdout } = spawnSync(process.execPath, [pathOf('progress.mjs'), 'engine'], {
      input,
      encoding: 'utf8',
    });
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^warning: unused variable\n --> src\/lib\.rs:1\nerror: it does not compile\nengine: 9 of 10 crates, stopped after \d+ s\n$/,
    );
  });

  it('reports how long it took', () => {
    const input =
      '    Building [====>  ] 9/10: tract-core\r    Finished `wasm` profile [optimized] target(s) in 3.12s\n';
    const { stderr } = spawnSync(process.execPath, [pathOf('progress.mjs'), 'engine'], { input, encoding: 'utf8' });
    assert.match(stderr, /^engine: compiled after \d+ s\n$/);
  });

  it('says nothing where cargo had nothing to compile', () => {
    const input = '    Finished `wasm` profile [optimized] target(s) in 0.12s\n';
    const { stderr } = spawnSync(process.execPath, [pathOf('progress.mjs'), 'engine'], { input, encoding: 'utf8' });
    assert.equal(stderr, '');
  });
});
