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
  ['opening'],
  ['reranker', 'embedder'],
  ['entry.ts', 'search'],
  [
    'index.ts',
    'node.ts',
    'node-worker.ts',
    'workerd.ts',
    'edge-light.ts',
    'worker.ts',
    'worker-threads.ts',
    'search.ts',
    'search-node.ts',
    'search-isolate.ts',
  ],
  ['edge', 'cli', 'adapters'],
];

/** Matches every way to load a module: at the top, later, for its effects only. */
const loading = (module) =>
  new RegExp(`\\b(?:from|import|require|getBuiltinModule)\\b\\s*\\(?\\s*['"\`]${module}['"\`]`);

/** Code that only the `allowed` files may hold. A file that matches `except` may hold it, too. */
const places = [
  {
    rule: 'engine files are named in the root',
    pattern: new RegExp(
      `new URL\\(\\s*['"\`][^'"\`]*(\\.wasm|\\bwasm/)['"\`]|${loading(`[^'"\`]*\\.wasm(\\?\\w+)?`).source}`,
    ),
    allowed: /^([^/]+\.ts|wasm\/.*)$/,
  },
  {
    rule: 'page workers are started in the root',
    pattern: /\bnew (\w+\.)?(Shared)?Worker\(/,
    allowed: /^[^/]+\.ts$/,
    // This class starts threads of Node.
    except: /^import \{[^}]*\bWorker\b[^}]*\} from 'node:worker_threads';$/m,
  },
  {
    rule: 'the bindings of the engine with threads stay in instance/threaded.ts, thread.ts and shared-memory.ts',
    pattern: loading(`[^'"\`]*bindings-threads\\.js`),
    allowed: /^instance\/(threaded|thread|shared-memory)\.ts$/,
  },
  {
    rule: "instance/threaded.ts is imported in platforms and workers/worker-threads.ts, behind a platform's port",
    pattern: loading(`[^'"\`]*/threaded\\.js`),
    allowed: /^platforms\/|^workers\/worker-threads\.ts$/,
  },
  {
    rule: 'wasm holds types only, because dist/wasm holds no code of ours',
    pattern: /^.*/,
    allowed: /^(?!wasm\/)|\.d(\.\w+)?\.ts$/,
  },
  {
    rule: 'the package imports itself by name in adapters only',
    pattern: loading(`(rerank-wasm(/[^'"\`]*)?|#internal/[^'"\`]*)`),
    allowed: /^adapters\//,
  },
  {
    rule: 'modules of Node are imported in platforms, cli, cache/directory.ts and search/directory.ts',
    pattern: loading(`node:[^'"\`]*`),
    allowed: /^(platforms|cli)\/|^(cache|search)\/directory\.ts$/,
  },
];

/** These doors must not carry the bindings of threads, and nothing that they import may. */
const withoutThreads = {
  rule: 'doors without threads load no bindings of threads',
  doors: ['index.ts', 'workerd.ts', 'edge-light.ts', 'worker.ts'],
  forbidden: 'wasm/bindings-threads.d.ts',
};

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
  const loaded = new Map();
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    if (floorOf(file) === undefined) offences.push(`${file}:1: every file has a room: there is none for ${file}`);
    for (const { rule, pattern, allowed, except } of places) {
      const found = pattern.exec(text);
      if (found && !allowed.test(file) && !except?.test(text))
        offences.push(`${file}:${lineOf(text, found.index)}: ${rule}: ${found[0]}`);
    }
    const targets = importsOf(file, text, new Set(files));
    imports.set(file, new Set(targets.map(({ target }) => target)));
    loaded.set(file, new Set(targets.filter(({ isType }) => !isType).map(({ target }) => target)));
    for (const { target, line } of targets) {
      if (mayImport(file, target)) continue;
      offences.push(`${file}:${line}: imports go downward only: ${roomOf(file)} imports ${target}`);
    }
  }
  for (const door of withoutThreads.doors) {
    const way = wayTo(loaded, door, withoutThreads.forbidden);
    if (way) offences.push(`${door}:1: ${withoutThreads.rule}: ${way.join(' → ')}`);
  }
  for (const circle of circlesOf(imports)) offences.push(`${circle[0]}:1: no circles: ${circle.join(' → ')}`);
  return offences;
}

function mayImport(from, to) {
  const [own, other] = [floorOf(from), floorOf(to)];
  return roomOf(from) === roomOf(to) || (own !== undefined && other !== undefined && other < own);
}

/** Returns the files on a shortest way of imports; undefined if there is none. */
function wayTo(imports, from, to) {
  const ways = new Map([[from, [from]]]);
  for (const [file, way] of ways) {
    if (file === to) return way;
    for (const target of imports.get(file) ?? []) if (!ways.has(target)) ways.set(target, [...way, target]);
  }
  return undefined;
}

function floorOf(file) {
  const floor = floors.findIndex((rooms) => rooms.includes(roomOf(file)));
  return floor < 0 ? undefined : floor;
}

/** Returns the folder of a file. A file in the root is a room by itself. */
function roomOf(file) {
  return file.split('/')[0];
}

/** Lists the files that a file imports, with the lines. `isType` marks an import that exists for the compiler only. */
function importsOf(file, text, files) {
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^;]*?\bfrom\s+'(\.[^']+)'|^import\s+'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'/gm,
  );
  return [...found].flatMap((match) => {
    const specifier = match[1] ?? match[2] ?? match[3];
    const path = posix.join(dirname(file), specifier).replace(/\.js$/, '');
    const target = [`${path}.ts`, `${path}.d.ts`].find((name) => files.has(name));
    const isType = /^\s*(?:import|export)\s+type\b/.test(match[0]);
    return target ? [{ target, isType, line: lineOf(text, match.index + match[0].length) }] : [];
  });
}

function lineOf(text, index) {
  return text.slice(0, index).split('\n').length;
}
