// Reads the modules of the crates below `src` and the imports between their files.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { behindBracket, codeOf, tokensOf, withoutTests } from './rust-tokens.mjs';

/** Reads a `use` from the token after `use` on. Returns each declared name with its path, and the place behind the use. */
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
      // `self` in braces names the path before it.
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
 * Reads a module: the modules that it declares, its definitions, its uses, its paths, and its words with their counts.
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
    // The path of `pub(in path)` is a visibility and no import.
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

/** Reads all modules of the crates below `src`, by path. The library's paths begin with `crate`, a program's with its folder. */
export function readCrates(src) {
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
  // Files that only tests declare are left out of the graph. The rules about names still cover them.
  for (const name of readdirSync(src, { recursive: true })) {
    const file = join(src, name);
    if (name.endsWith('.rs') && !files.has(file)) files.set(file, tokensOf(codeOf(readFileSync(file, 'utf8'))));
  }
  return { modules, files };
}

/** Programs import the library by this name. */
const library = 'rerank_wasm';

/** Follows a path from a module as far as it names modules. Returns the last module and the names left over. */
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
 * Finds the files that define the name at a path, seen from a module, through all re-exports. It returns several if each
 * target has its own file, and none if no file defines the name.
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

/** Returns the files that a path leads to, and none for paths into other crates. */
function filesOf(modules, from, path) {
  const files = definers(modules, from, path);
  if (files.length > 0) return files;
  // A macro may define the name: then it is in the last module of the path. A path without modules leads to another crate.
  const [module, rest] = walk(modules, from, path);
  return rest.length < path.length ? [module.file] : [];
}

/** Returns every import of one file by another. */
export function importsOf(modules) {
  const edges = [];
  const pathOf = new Map();
  // A file's first module holds its inline modules.
  for (const { file, path } of modules.values()) if (!pathOf.has(file)) pathOf.set(file, path);
  const holds = (file, other) => pathOf.get(file).every((name, depth) => pathOf.get(other)[depth] === name);
  for (const module of modules.values()) {
    const add = (path, line, isBare) => {
      for (const to of filesOf(modules, module, path)) {
        const isNew = !edges.some((edge) => edge.from === module.file && edge.to === to && edge.line === line);
        // A file may hand on a name of a module inside it without using the name. Then the files that use it are the
        // importers.
        const isHandedOn = isBare && holds(module.file, to);
        if (to !== module.file && isNew && !isHandedOn) edges.push({ from: module.file, to, line });
      }
    };
    for (const { path, line, name, glob, isPublic } of module.uses) {
      add(path, line, isPublic && (glob || !module.words.has(name)));
    }
    for (const { path, line } of module.paths) add(path, line, false);
  }
  return edges;
}
