// Writes what pkg/dist tells of the crates inside the engines. Their licences ask for third-party-notices.txt. The file
// sbom.cdx.json is a bill of materials in the form of CycloneDX 1.6. Neither has a date or a path of this machine.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { cratesInside, engineCrates } from './engine-crates.mjs';

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const dist = new URL('../pkg/dist/', import.meta.url);

const crates = engineCrates({ macros: false });
const licenceOfStd = 'MIT OR Apache-2.0';

/** Returns a crate's licence as SPDX writes it today: older crates write a slash for OR. */
function spdx({ name, license }) {
  if (license) return license.replaceAll(/\s*\/\s*/g, ' OR ');
  throw new Error(`Cargo.toml of the crate ${name} names no licence; replace the crate, or name its licence here.`);
}

/** True if a crate's authors offer it under the Apache licence alone. The package holds the text of this licence. */
const allowsApache = (crate) => !spdx(crate).includes(' AND ') && spdx(crate).split(' OR ').includes('Apache-2.0');

/** Returns the texts of a crate's files with such paths, in their order. */
function textsOf({ manifest_path }, paths) {
  const folder = dirname(manifest_path);
  const files = readdirSync(folder, { recursive: true }).filter((path) => paths.test(path));
  return files.sort().map((name) => readFileSync(join(folder, name), 'utf8').trim().replaceAll('\r\n', '\n'));
}

/** Returns the text of a crate's licence. A crate without one is in a repository with others, one of which has it. */
function licenceOf(crate) {
  const family = [crate, ...crates.filter(({ repository }) => repository && repository === crate.repository)];
  for (const member of family) {
    const texts = textsOf(member, /^(licen[cs]e|copying)/i);
    if (texts.length > 0) return texts.join('\n\n');
  }
  throw new Error(`No file holds the licence of the crate ${label(crate)}; add its text to scripts/notices.mjs.`);
}

const label = ({ name, version }) => `${name} ${version}`;

function notices() {
  const underApache = crates.filter(allowsApache);
  const parts = [
    'The WebAssembly files of this package contain the crates below, and the standard library of Rust\n' +
      `(https://www.rust-lang.org; ${licenceOfStd}, with parts under MIT and Unicode-3.0).`,
    `Under the Apache License 2.0, with its text in LICENSE-APACHE:\n\n${underApache.map(label).join('\n')}`,
    ...underApache.flatMap((crate) => textsOf(crate, /^notice/i).map((text) => `${label(crate)}\n\n${text}`)),
    ...crates.flatMap((crate) => textsOf(crate, /\/licen[cs]e/i).map((text) => `A part of ${label(crate)}\n\n${text}`)),
  ];
  for (const { text, holders } of licences(crates.filter((crate) => !allowsApache(crate))))
    parts.push(`${holders.join('\n')}\n\n${text}`);
  return `${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/**
 * Returns the licences of crates, each once: texts that differ in their copyright lines alone are one. `holders` are the
 * crates, with those lines where several crates have the text.
 */
function licences(crates) {
  const isNotice = (line) => /^\s*copyright( \(c\)| ©| \d)/i.test(line);
  const found = new Map();
  for (const crate of crates) {
    const text = licenceOf(crate);
    const lines = text.split('\n');
    const terms = lines.filter((line) => !isNotice(line)).join('\n');
    const key = terms
      .toLowerCase()
      .replaceAll(/\W+/g, ' ')
      .replace(/^ ?(the )?mit license( mit)? /, '');
    const notices = lines.filter(isNotice).map((line) => line.trim());
    found.set(key, [...(found.get(key) ?? []), { crate, text, terms: terms.trim(), notices }]);
  }
  return [...found.values()].map((same) => {
    if (same.length === 1) return { text: same[0].text, holders: [label(same[0].crate)] };
    return { text: same[0].terms, holders: same.map(({ crate, notices }) => [label(crate), ...notices].join(', ')) };
  });
}

/** Returns the crates of the standard library that the engines name, without those that are listed anyway. */
function cratesOfStd() {
  const engines = readdirSync(new URL('wasm/', dist)).filter((name) => name.endsWith('.wasm'));
  const named = engines.flatMap((name) => cratesInside(readFileSync(new URL(`wasm/${name}`, dist))));
  const listed = new Set(crates.map(label));
  const others = named.filter((crate) => crate.ofStd && !listed.has(label(crate)));
  return [...new Map(others.map((crate) => [label(crate), crate])).values()].sort((a, b) =>
    label(a) < label(b) ? -1 : 1,
  );
}

function component({ name, version }, licence) {
  const purl = `pkg:cargo/${name}@${version.replaceAll('+', '%2B')}`;
  return { type: 'library', name, version, purl, licenses: [{ expression: licence }] };
}

function billOfMaterials() {
  const { name, version, license } = JSON.parse(read('pkg/package.json'));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'library',
        name,
        version,
        purl: `pkg:npm/${name}@${version}`,
        licenses: [{ expression: license }],
      },
    },
    components: [
      { type: 'library', name: 'rust-std', purl: 'pkg:generic/rust-std', licenses: [{ expression: licenceOfStd }] },
      ...cratesOfStd().map((crate) => component(crate, licenceOfStd)),
      ...crates.map((crate) => component(crate, spdx(crate))),
    ],
  };
}

writeFileSync(new URL('third-party-notices.txt', dist), notices());
writeFileSync(new URL('sbom.cdx.json', dist), `${JSON.stringify(billOfMaterials())}\n`);
