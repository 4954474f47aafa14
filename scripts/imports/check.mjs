// check.mjs: prints every import that breaks a rule, with the rule's name, and fails if it found one.
import { fileURLToPath } from 'node:url';

import { check } from './rust.mjs';
import { checkTypeScript } from './typescript.mjs';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const { failures } = check(repository);
const offences = [
  ...failures.map(({ file, line, rule, message }) => `src/${file}:${line}: ${rule}: ${message}`),
  ...checkTypeScript(`${repository}pkg/src`).map((line) => `pkg/src/${line}`),
];
for (const line of offences) console.error(line);
if (offences.length > 0) process.exitCode = 1;
