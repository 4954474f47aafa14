// Writes what pkg/dist tells of the crates inside the engines. Their licences ask for third-party-notices.txt. The file
// sbom.cdx.json is a bill of materials in the form of CycloneDX 1.6. Both depend on Cargo.lock alone.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { engineCrates } from './engine-crates.mjs';

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const dist = new URL('../pkg/dist/', import.meta.url);

const crates = engineCrates({ macros: false });

/** Returns an SPDX expression in today's form: older crates write a slash for OR. */
const spdx = ({ license }) => license.replaceAll(/\s*\/\s*/g, ' OR ');

/** True if a crate can be had under the Apache licence alone. The package holds its text. */
const allowsApache = (crate) => !spdx(crate).includes(' AND ') && spdx(crate).split(' OR ').includes('Apache-2.0');

/** Returns the texts of a crate's files with such names, in the order of their names. */
function textsOf({ manifest_path }, names) {
  const folder = dirname(manifest_path);
  const files = readdirSync(folder).filter((name) => names.test(name));
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
      '(https://www.rust-lang.org; MIT OR Apache-2.0).',
    `Under the Apache License 2.0, whose text is in LICENSE-APACHE:\n\n${underApache.map(label).join('\n')}`,
    ...underApache.flatMap((crate) => textsOf(crate, /^notice/i).map((text) => `${label(crate)}\n\n${text}`)),
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
    components: crates.map((crate) => ({
      type: 'library',
      name: crate.name,
      version: crate.version,
      purl: `pkg:cargo/${crate.name}@${crate.version.replaceAll('+', '%2B')}`,
      licenses: [{ expression: spdx(crate) }],
    })),
  };
}

writeFileSync(new URL('third-party-notices.txt', dist), notices());
writeFileSync(new URL('sbom.cdx.json', dist), `${JSON.stringify(billOfMaterials())}\n`);
