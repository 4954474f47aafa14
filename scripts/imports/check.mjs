// check.mjs: prints what offends against the import rules, each with the rule's name; fails where there is any.
import { fileURLToPath } from 'node:url';

import { checkTypeScript } from './typescript.mjs';

const below = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const offences = checkTypeScript(below('pkg/src')).map((line) => `pkg/src/${line}`);
for (const line of offences) console.error(line);
if (offences.length > 0) process.exitCode = 1;
