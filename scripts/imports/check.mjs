// check.mjs: prints every offence against the import rules with the name of its rule; fails if there is one.
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
