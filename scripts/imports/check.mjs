// check.mjs [ROOT]: prints every import below ROOT that breaks a rule, with file, line and rule, and fails if it found
// one. ROOT holds `src` and `pkg/src`; without it, this repository is checked.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { check } from './rust.mjs';
import { checkTypeScript } from './typescript.mjs';

const root = process.argv[2] ?? fileURLToPath(new URL('../../', import.meta.url));
const { failures } = check(root);
const offences = [
  ...failures.map(({ file, line, rule, message }) => `src/${file}:${line}: ${rule}: ${message}`),
  ...checkTypeScript(join(root, 'pkg/src')).map((line) => `pkg/src/${line}`),
];
for (const line of offences) console.error(line);
if (offences.length > 0) process.exitCode = 1;
