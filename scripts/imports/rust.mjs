// rust.mjs: fails where a file of the crate imports what it may not. The rules are the tables below; each failure names the
// file, the line and the rule. Tests in the files are left out of the graph, and so are files that hold nothing else.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The rooms of `src`, lowest floor first, and what each may import besides itself. `lib` only lists them. */
const rooms = {
  lib: [],
  error: [],
  hexadecimal: [],
  memory: ['error'],
  kernels: [],
  threads: [],
  onnx: ['error', 'memory', 'kernels'],
  tokenizer: ['error', 'memory'],
  graph: ['error', 'kernels', 'threads', 'onnx'],
  bundle: ['error', 'memory', 'hexadecimal', 'kernels', 'onnx', 'tokenizer'],
  engine: ['error', 'memory', 'hexadecimal', 'kernels', 'threads', 'onnx', 'tokenizer', 'graph', 'bundle'],
  convert: ['error', 'memory', 'kernels', 'onnx', 'tokenizer', 'graph', 'bundle'],
  wasm: ['error', 'threads', 'tokenizer', 'engine', 'convert'],
  bin: ['error', 'hexadecimal', 'tokenizer', 'graph', 'engine', 'convert'],
};

/** Names that only these rooms may write. A gate is what `lib` may write all the same. */
const reserved = [
  { rule: 'only graph names tract', name: /^tract_/, rooms: ['graph'] },
  {
    rule: 'only wasm names wasm_bindgen and js_sys',
    name: /^(serde_)?wasm_bindgen$|^js_sys$|^web_sys$/,
    rooms: ['wasm'],
  },
  { rule: 'unsafe only in kernels and threads', name: /^unsafe$/, rooms: ['kernels', 'threads'] },
  {
    rule: 'cfg(target_arch) only in kernels, threads and at the gate of wasm',
    name: /^target_arch$/,
    rooms: ['kernels', 'threads'],
    gate: 'target_arch = "" ) ] mod wasm ;',
  },
];

const downward = 'rooms import downward only';
const noFileCircles = 'no circles between files';
const noRoomCircles = 'no circles between rooms';
const known = 'every room stands in the table of scripts/imports/rust.mjs';

/**
 * The source without comments and without what strings hold; as long, with the same lines.
 * @param {string} source
 */
function codeOf(source) {
  const blank = (text) => text.replace(/[^\n]/g, ' ');
  const pattern =
    /\/\/[^\n]*|\/\*|\bb?c?r(#*)"[\s\S]*?"\1|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\\n]|\\(?:u\{[^}]*\}|x..|.))'|'[A-Za-z_]\w*/g;
  let code = '';
  let end = 0;
  for (let match = pattern.exec(source); match; match = pattern.exec(source)) {
    let [text] = match;
    if (text === '/*') text = source.slice(match.index, endOfComment(source, match.index));
    const isString = text.endsWith('"');
    code += source.slice(end, match.index) + (isString ? `"${blank(text.slice(1, -1))}"` : blank(text));
    end = match.index + text.length;
    pattern.lastIndex = end;
  }
  return code + source.slice(end);
}

/** Comments in Rust hold others. */
function endOfComment(source, start) {
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    const two = source.slice(at, at + 2);
    if (two !== '/*' && two !== '*/') continue;
    depth += two === '/*' ? 1 : -1;
    at++;
    if (depth === 0) return at + 1;
  }
  return source.length;
}

/** Words and signs with their lines. */
function tokensOf(code) {
  const tokens = [];
  let line = 1;
  for (const [text] of code.matchAll(/\n|[A-Za-z_]\w*|\d\w*|::|"[^"]*"|\S/g)) {
    if (text === '\n') line++;
    else tokens.push({ text: text.startsWith('"') ? '""' : text, line });
    if (text.startsWith('"')) line += text.split('\n').length - 1;
  }
  return tokens;
}

const closing = { '(': ')', '[': ']', '{': '}' };

/** The place behind the bracket that closes the one at `at`. */
function behindBracket(tokens, at) {
  const open = [];
  for (let next = at; next < tokens.length; next++) {
    const { text } = tokens[next];
    if (closing[text]) open.push(closing[text]);
    else if (text === open.at(-1)) open.pop();
    if (open.length === 0) return next + 1;
  }
  return tokens.length;
}

const isAttribute = (tokens, at) => tokens[at]?.text === '#' && tokens[at + 1]?.text === '[';

/** True of an attribute that leaves what follows to the tests: `cfg(test)` or `cfg(all(test, …))`. */
function isForTests(tokens, start, end) {
  const text = tokens
    .slice(start, end)
    .map((token) => token.text)
    .join(' ');
  return /^# \[ cfg \( (test \)|all \( (.* , )?test\b)/.test(text);
}

/** The tokens without what is for tests. */
function withoutTests(tokens) {
  const kept = [];
  for (let at = 0; at < tokens.length; ) {
    const end = isAttribute(tokens, at) ? behindBracket(tokens, at + 1) : at + 1;
    if (!isAttribute(tokens, at) || !isForTests(tokens, at, end)) {
      kept.push(...tokens.slice(at, end));
      at = end;
      continue;
    }
    at = end;
    while (isAttribute(tokens, at)) at = behindBracket(tokens, at + 1);
    while (at < tokens.length && tokens[at].text !== ';' && tokens[at].text !== '{') {
      at = closing[tokens[at].text] ? behindBracket(tokens, at) : at + 1;
    }
    at = tokens[at]?.text === '{' ? behindBracket(tokens, at) : at + 1;
  }
  return kept;
}

/** What a use declares, from behind `use` on: each name with its path; and the place behind it. */
function readUse(tokens, start) {
  const names = [];
  const readTree = (at, path) => {
    const here = [...path];
    for (;;) {
      const { text, line } = tokens[at] ?? { text: ';' };
      if (text === '{') {
        at++;
        while (tokens[at].text !== '}') {
          at = readTree(at, here);
          if (tokens[at].text === ',') at++;
        }
        return at + 1;
      }
      if (text === '*') {
        names.push({ path: here, glob: true, line });
        return at + 1;
      }
      if (text !== '::') here.push(text);
      at++;
      if (tokens[at]?.text === '::') continue;
      if (text === '::') continue;
      // A module that is named as `self` is the path before it.
      const target = text === 'self' && here.length > 1 ? here.slice(0, -1) : here;
      const alias = tokens[at]?.text === 'as' ? tokens[at + 1].text : target.at(-1);
      names.push({ path: target, name: alias, line });
      return tokens[at]?.text === 'as' ? at + 2 : at;
    }
  };
  return [names, readTree(start, [])];
}

const definitions = new Set(['fn', 'struct', 'enum', 'trait', 'type', 'const', 'static', 'union', 'macro_rules']);

/**
 * One file: its modules by their names, each with what it declares, defines, imports and writes.
 * @param {{ text: string, line: number }[]} tokens
 */
function readModule(tokens) {
  const module = { children: [], inline: new Map(), defined: new Set(), uses: [], paths: [], words: new Map() };
  let depth = 0;
  for (let at = 0; at < tokens.length; at++) {
    const { text, line } = tokens[at];
    const next = tokens[at + 1]?.text ?? '';
    if (text === '{') depth++;
    if (text === '}') depth--;
    if (text === 'use' && tokens[at - 1]?.text !== '::') {
      const before = tokens[at - 1]?.text;
      const isPublic = before === 'pub' || (before === ')' && tokens[at - 2] !== undefined && depth === 0);
      const [names, end] = readUse(tokens, at + 1);
      module.uses.push(...names.map((name) => ({ ...name, isPublic })));
      at = end;
      continue;
    }
    if (text === 'mod' && /^\w/.test(next)) {
      const end = tokens[at + 2]?.text === '{' ? behindBracket(tokens, at + 2) : at + 3;
      if (end === at + 3) module.children.push({ name: next, line });
      else module.inline.set(next, readModule(tokens.slice(at + 3, end - 1)));
      at = end - 1;
      continue;
    }
    if (depth === 0 && definitions.has(text)) {
      const name = text === 'macro_rules' ? tokens[at + 2]?.text : next;
      if (/^\w+$/.test(name) && !definitions.has(name)) module.defined.add(name);
    }
    if (!/^[A-Za-z_]/.test(text)) continue;
    module.words.set(text, (module.words.get(text) ?? 0) + 1);
    // `pub(in path)` says who may see, and imports nothing.
    const isVisibility = tokens[at - 1]?.text === 'in' && tokens[at - 2]?.text === '(';
    if (next !== '::' || tokens[at - 1]?.text === '::' || isVisibility) continue;
    const path = [text];
    for (let more = at + 1; tokens[more]?.text === '::' && /^\w/.test(tokens[more + 1]?.text ?? ''); more += 2) {
      path.push(tokens[more + 1].text);
    }
    module.paths.push({ path, line });
  }
  return module;
}

/** All modules of the crates below `src`, by their paths: the library's begin with `crate`, a program's with its folder. */
function readCrates(src) {
  const modules = new Map();
  const files = new Map();
  const add = (path, file, module) => {
    modules.set(path.join('::'), { ...module, path, file });
    for (const [name, inline] of module.inline) add([...path, name], file, inline);
  };
  const read = (path, file, folder) => {
    const tokens = tokensOf(codeOf(readFileSync(file, 'utf8')));
    const module = readModule(withoutTests(tokens));
    files.set(file, tokens);
    add(path, file, module);
    for (const { name } of module.children) {
      const [flat, nested] = [join(folder, `${name}.rs`), join(folder, name, 'mod.rs')];
      read([...path, name], existsSync(flat) ? flat : nested, join(folder, name));
    }
  };
  read(['crate'], join(src, 'lib.rs'), src);
  const programs = join(src, 'bin');
  for (const name of existsSync(programs) ? readdirSync(programs) : []) {
    read([`bin ${name}`], join(programs, name, 'main.rs'), join(programs, name));
  }
  // What only tests declare is not in the graph, but the names that it writes are looked at all the same.
  for (const name of readdirSync(src, { recursive: true })) {
    const file = join(src, name);
    if (name.endsWith('.rs') && !files.has(file)) files.set(file, tokensOf(codeOf(readFileSync(file, 'utf8'))));
  }
  return { modules, files };
}

/** The crate's own name outside of it, as programs write it. */
const library = 'rerank_wasm';

/** The module where a path leads from one, as far as modules go, and the names that are left of it. */
function walk(modules, from, path) {
  let module = from;
  let rest = path;
  if (rest[0] === 'crate') [module, rest] = [modules.get(from.path[0]), rest.slice(1)];
  else if (rest[0] === library) [module, rest] = [modules.get('crate'), rest.slice(1)];
  else if (rest[0] === 'self') rest = rest.slice(1);
  while (rest[0] === 'super') [module, rest] = [modules.get(module.path.slice(0, -1).join('::')), rest.slice(1)];
  for (;;) {
    const child = rest.length > 0 && modules.get([...module.path, rest[0]].join('::'));
    if (!child) return [module, rest];
    [module, rest] = [child, rest.slice(1)];
  }
}

/**
 * The files that define what a path names, seen from a module, through whatever hands it on: several where each target has a
 * file, none for what no file defines.
 */
function definers(modules, from, path, asked = new Set()) {
  const [module, [name, ...rest]] = walk(modules, from, path);
  if (name === undefined || module.defined.has(name)) return [module.file];
  const question = `${module.path.join('::')} ${name}`;
  if (asked.has(question)) return [];
  asked.add(question);
  const named = module.uses.filter((use) => use.name === name).map((use) => [...use.path, ...rest]);
  const globs = module.uses.filter((use) => use.glob).map((use) => [...use.path, name, ...rest]);
  const filesOf = (targets) => targets.flatMap((target) => definers(modules, module, target, asked));
  const files = filesOf(named);
  return files.length > 0 ? files : filesOf(globs);
}

/** The files that a path leads to; none for what is not of these crates. */
function filesOf(modules, from, path) {
  const files = definers(modules, from, path);
  if (files.length > 0) return files;
  // What a macro defines is in the last module of the path; a path without modules leads to another crate.
  const [module, rest] = walk(modules, from, path);
  return rest.length < path.length ? [module.file] : [];
}

/** Every import of a file by another one. */
function importsOf(modules) {
  const edges = [];
  for (const module of modules.values()) {
    const add = (path, line) => {
      for (const to of filesOf(modules, module, path)) {
        const isNew = !edges.some((edge) => edge.from === module.file && edge.to === to && edge.line === line);
        if (to !== module.file && isNew) edges.push({ from: module.file, to, line });
      }
    };
    for (const { path, line, name, glob, isPublic } of module.uses) {
      // What is only handed on is imported by those who ask for it here.
      if (!isPublic || (!glob && module.words.has(name))) add(path, line);
    }
    for (const { path, line } of module.paths) add(path, line);
  }
  return edges;
}

/** The nodes of each circle: strongly connected components of more than one node, by Tarjan's algorithm. */
function circlesOf(edges) {
  const next = new Map();
  for (const { from, to } of edges) {
    if (!next.has(from)) next.set(from, new Set());
    next.get(from).add(to);
  }
  const found = [];
  const number = new Map();
  const low = new Map();
  const stack = [];
  const visit = (node) => {
    number.set(node, number.size);
    low.set(node, number.get(node));
    stack.push(node);
    for (const other of next.get(node) ?? []) {
      if (!number.has(other)) visit(other);
      if (stack.includes(other)) low.set(node, Math.min(low.get(node), low.get(other)));
    }
    if (low.get(node) !== number.get(node)) return;
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const node of next.keys()) if (!number.has(node)) visit(node);
  return found;
}

/**
 * Checks the crate in a folder.
 * @param {string} root the folder that has `src`
 * @returns {{ files: string[], edges: { from: string, to: string, line: number }[], failures: { file: string, line: number, rule: string, message: string }[] }}
 *   all paths relative to `src`
 */
export function check(root) {
  const src = join(root, 'src');
  const { modules, files } = readCrates(src);
  const nameOf = (file) => relative(src, file).split(sep).join('/');
  const roomOf = (file) => file.split('/')[0].replace(/\.rs$/, '');
  const edges = importsOf(modules).map(({ from, to, line }) => ({ from: nameOf(from), to: nameOf(to), line }));
  const failures = [];
  const fail = (file, line, rule, message) => failures.push({ file, line, rule, message });

  for (const [path, tokens] of files) {
    const file = nameOf(path);
    const room = roomOf(file);
    if (!rooms[room]) fail(file, 1, known, `${room} has no row`);
    for (const { rule, name, rooms: allowed, gate } of reserved) {
      for (const [at, { text, line }] of tokens.entries()) {
        if (!name.test(text) || allowed.includes(room)) continue;
        const words = gate?.split(' ') ?? [];
        const follows = words.length > 0 && words.every((word, index) => tokens[at + index]?.text === word);
        if (room !== 'lib' || !follows) fail(file, line, rule, `${text} stands in ${room}`);
      }
    }
  }
  for (const { from, to, line } of edges) {
    const [room, other] = [roomOf(from), roomOf(to)];
    if (room !== other && rooms[room] && !rooms[room].includes(other)) {
      fail(from, line, downward, `${room} imports ${other} (${to})`);
    }
  }
  for (const circle of circlesOf(edges)) {
    for (const { from, to, line } of edges) {
      if (circle.includes(from) && circle.includes(to)) fail(from, line, noFileCircles, `it imports ${to}`);
    }
  }
  // In each room, the files and folders in it, each as one; `mod.rs` speaks for the room. The table is for `src` itself.
  const folders = new Set([...modules.values()].map(({ file }) => dirname(nameOf(file))));
  folders.delete('.');
  for (const folder of folders) {
    const start = `${folder}/`;
    const entryOf = (file) => (file.startsWith(start) ? file.slice(start.length).split('/')[0] : undefined);
    const inside = edges
      .map((edge) => ({ ...edge, room: entryOf(edge.from), other: entryOf(edge.to) }))
      .filter(({ room, other }) => room && other && room !== other && room !== 'mod.rs' && other !== 'mod.rs');
    for (const circle of circlesOf(inside.map(({ room, other }) => ({ from: room, to: other })))) {
      if (circle.every((room) => room.endsWith('.rs'))) continue;
      for (const { from, to, line, room, other } of inside) {
        if (circle.includes(room) && circle.includes(other)) {
          fail(from, line, noRoomCircles, `in ${folder}, ${room} imports ${other} (${to})`);
        }
      }
    }
  }
  return { files: [...files.keys()].map(nameOf).sort(), edges, failures };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? fileURLToPath(new URL('../../', import.meta.url));
  const { files, edges, failures } = check(root);
  for (const { file, line, rule, message } of failures) console.error(`src/${file}:${line}: ${rule}: ${message}`);
  if (failures.length > 0) process.exitCode = 1;
  else console.log(`${files.length} files of the crate, ${edges.length} imports: every rule holds`);
}
