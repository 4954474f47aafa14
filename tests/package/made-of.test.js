import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { describe, it } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';

import { engineCrates } from '../../scripts/engine-crates.mjs';
import { distUrl } from '../support/paths.js';

const at = (path) => new URL(path, distUrl);
const crates = engineCrates({ macros: false });

describe('the package tells what it is made of', () => {
  it('in a bill of materials with each crate', () => {
    const bill = JSON.parse(readFileSync(at('sbom.cdx.json'), 'utf8'));
    assert.deepEqual(
      [bill.bomFormat, bill.specVersion, bill.metadata.component.name],
      ['CycloneDX', '1.6', 'rerank-wasm'],
    );
    const expected = crates.map(({ name, version }) => `pkg:cargo/${name}@${version}`);
    assert.deepEqual(bill.components.map(({ purl }) => purl).sort(), expected.sort());
    for (const name of ['tract-core', 'tokenizers', 'wasm-bindgen'])
      assert.ok(
        bill.components.some((component) => component.name === name),
        name,
      );
    for (const { licenses } of bill.components) assert.match(licenses[0].expression, /^[\w.() -]+$/);
  });

  it('with the notices that the licences ask for', () => {
    const notices = readFileSync(at('third-party-notices.txt'), 'utf8');
    for (const { name, version } of crates) assert.ok(notices.includes(`${name} ${version}`), name);
    // Crates under the terms of MIT alone come with them.
    assert.match(notices, /^serde-wasm-bindgen .*Cloudflare, Inc\.$/m);
    assert.match(notices, /The above copyright notice and this permission notice shall be included/);
  });

  it('and no file of it tells where it was built', () => {
    const wasm = readdirSync(at('wasm')).filter((name) => name.endsWith('.wasm'));
    assert.equal(wasm.length, 4);
    const files = wasm.map((name) => [name, readFileSync(at(`wasm/${name}`))]);
    files.push(['converter', brotliDecompressSync(readFileSync(at('cli/convert/converter.wasm.br')))]);
    for (const [name, bytes] of files) {
      assert.ok(bytes.includes('tract-core-'), `${name} holds no path of a source`);
      for (const part of [homedir(), '.cargo', 'rustlib']) assert.ok(!bytes.includes(part), `${name} holds ${part}`);
    }
  });
});
