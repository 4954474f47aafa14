import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

import { cratesInside, engineCrates } from '../../scripts/engine-crates.mjs';
import { distUrl } from '../support/paths.js';

const at = (path) => new URL(path, distUrl);

/** The engines and the converter, by name. */
const files = readdirSync(at('wasm'))
  .filter((name) => name.endsWith('.wasm'))
  .map((name) => [name, readFileSync(at(`wasm/${name}`))]);
files.push(['the converter', brotliDecompressSync(readFileSync(at('cli/convert/converter.wasm.br')))]);

describe('the package tells what it is made of', () => {
  it('in a bill of materials with each crate', () => {
    const bill = JSON.parse(readFileSync(at('sbom.cdx.json'), 'utf8'));
    const { bomFormat, specVersion, metadata, components } = bill;
    assert.deepEqual([bomFormat, specVersion, metadata.component.name], ['CycloneDX', '1.6', 'rerank-wasm']);
    const listed = new Set(components.map(({ purl }) => purl.replaceAll('%2B', '+')));
    const named = files.flatMap(([, bytes]) => cratesInside(bytes));
    const inside = [...new Set(named.map(({ name, version }) => `pkg:cargo/${name}@${version}`))];
    assert.ok(inside.length > 20 && inside.some((crate) => crate.startsWith('pkg:cargo/tract-core@')), inside.join());
    assert.deepEqual(
      inside.filter((crate) => !listed.has(crate)),
      [],
    );
    for (const { licenses } of components) assert.match(licenses[0].expression, /^[\w.() -]+$/);
  });

  it('with the notices that the licences ask for', () => {
    const notices = readFileSync(at('third-party-notices.txt'), 'utf8');
    for (const { name, version } of engineCrates({ macros: false }))
      assert.ok(notices.includes(`${name} ${version}`), name);
    // Crates under the terms of MIT alone come with them.
    assert.match(notices, /^serde-wasm-bindgen .*Cloudflare, Inc\.$/m);
    assert.match(notices, /The above copyright notice and this permission notice shall be included/);
    assert.match(notices, /^A part of regex-syntax/m);
  });

  it('and no file of it tells where it was built', () => {
    assert.equal(files.length, 5);
    const repository = fileURLToPath(new URL('../..', import.meta.url));
    for (const [name, bytes] of files)
      for (const part of [repository, 'registry/src', '.cargo', 'rustlib', '/usr/src/', '/home/', '/root/.'])
        assert.ok(!bytes.includes(part), `${name} holds ${part}`);
  });
});
