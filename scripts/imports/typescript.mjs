// Checks the imports between the rooms of pkg/src. Type-only imports count.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

import { circlesOf } from './circles.mjs';

/** The rooms by floor, the lowest first. A room imports from itself and from floors below its own. */
const floors = [
  ['common', 'wasm'],
  ['files', 'cache', 'instance'],
  ['engine', 'engine-urls.ts'],
  ['workers', 'platforms'],
  ['reranker'],
  ['index.ts', 'node.ts', 'workerd.ts', 'edge-light.ts', 'worker.ts', 'worker-threads.ts'],
  ['edge', 'cli', 'adapters'],
];

/** Code that only these places may hold, so that bundlers find it. */
const places = [
  {
    rule: 'engine files are named in the root',
    pattern: /new URL\('[^']*\.wasm'|from '[^']*\.wasm(\?\w+)?'/,
    allowed: /^([^/]+\.ts|wasm\/.*)$/,
  },
  {
    rule: 'page workers are started in the root',
    pattern: /new Worker\([^;]*type: 'module'/,
    allowed: /^[^/]+\.ts$/,
  },
  {
    rule: 'the bindings of the engine with threads stay in instance/threaded.ts, thread.ts and shared-memory.ts',
    pattern: /from '[^']*bindings-threads\.js'/,
    allowed: /^instance\/(threaded|thread|shared-memory)\.ts$/,
  },
  {
    rule: 'the package imports itself by name in adapters only',
    pattern: /(from |import\()'(rerank-wasm(\/[^']*)?|#internal\/[^']*)'\)?/,
    allowed: /^adapters\//,
  },
  {
    rule: 'modules of Node are imported in platforms, cli and cache/directory.ts',
    pattern: /from 'node:/,
    allowed: /^(platforms|cli)\/|^cache\/directory\.ts$/,
  },
];

/**
 * Checks the TypeScript files below `root` against the import rules.
 *
 * @returns {string[]} one line for each offence: `file:line: rule: what was found`
 */
export function checkTypeScript(root) {
  const files = readdirSync(root, { recursive: true })
    .map((name) => name.split('\\').join('/'))
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const offences = [];
  const imports = new Map();
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    if (floorOf(file) === undefined) offences.push(`${file}:1: every file has a room: there is none for ${file}`);
    for (const { rule, pattern, allowed } of places) {
      const found = pattern.exec(text);
      if (found && !allowed.test(file)) offences.push(`${file}:${lineOf(text, found.index)}: ${rule}: ${found[0]}`);
    }
    const targets = importsOf(file, text, new Set(files));
    imports.set(file, new Set(targets.map(({ target }) => target)));
    for (const { target, line } of targets) {
      if (mayImport(file, target)) continue;
      offences.push(`${file}:${line}: imports go downward only: ${roomOf(file)} imports ${target}`);
    }
  }
  for (const circle of circlesOf(imports)) offences.push(`${circle[0]}:1: no circles: ${circle.join(' → ')}`);
  return offences;
}

function mayImport(from, to) {
  const [own, other] = [floorOf(from), floorOf(to)];
  return roomOf(from) === roomOf(to) || (own !== undefined && other !== undefined && other < own);
}

function floorOf(file) {
  const floor = floors.findIndex((rooms) => rooms.includes(roomOf(file)));
  return floor < 0 ? undefined : floor;
}

/** Returns the folder of a file. A file in the root is a room by itself. */
function roomOf(file) {
  return file.split('/')[0];
}

/** Lists the files that a file imports, with the lines. */
function importsOf(file, text, files) {
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^;]*?\bfrom\s+'(\.[^']+)'|^import\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm,
  );
  return [...found].flatMap((match) => {
    const specifier = match[1] ?? match[2] ?? match[3];
    const path = posix.join(dirname(file), specifier).replace(/\.js$/, '');
    const target = [`${path}.ts`, `${path}.d.ts`].find((name) => files.has(name));
    return target ? [{ target, line: lineOf(text, match.index + match[0].length) }] : [];
  });
}

function lineOf(text, index) {
  return text.slice(0, index).split('\n').length;
}
