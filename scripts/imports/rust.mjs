// Checks the imports between the rooms of the crate. The tables below hold the rules. The graph leaves out tests inside
// files, and files that hold only tests.
import { dirname, join, relative, sep } from 'node:path';

import { circlesOf } from './circles.mjs';
import { importsOf, readCrates } from './rust-modules.mjs';

/** The rooms of `src`, lowest floor first, each with the other rooms that it may import. `lib` only lists the rooms. */
const rooms = {
  lib: [],
  error: [],
  foreign: ['error'],
  hexadecimal: [],
  memory: ['error'],
  kernels: [],
  threads: [],
  onnx: ['error', 'memory', 'kernels'],
  tokenizer: ['error', 'foreign', 'memory'],
  graph: ['error', 'kernels', 'threads', 'onnx'],
  bundle: ['error', 'memory', 'hexadecimal', 'kernels', 'onnx', 'tokenizer'],
  engine: ['error', 'foreign', 'memory', 'hexadecimal', 'kernels', 'threads', 'onnx', 'tokenizer', 'graph', 'bundle'],
  convert: ['error', 'foreign', 'memory', 'kernels', 'onnx', 'tokenizer', 'graph', 'bundle'],
  wasm: ['error', 'kernels', 'threads', 'tokenizer', 'engine', 'convert'],
  bin: ['error', 'hexadecimal', 'tokenizer', 'graph', 'engine', 'convert'],
};

/** Names that only these rooms may write. `lib` may write the tokens of a `gate`, too. */
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
 * Checks the crate in a folder.
 * @param {string} root the folder that has `src`
 * @returns {{ files: string[], edges: { from: string, to: string, line: number }[], failures: { file: string, line: number, rule: string, message: string }[] }}
 *   all paths are relative to `src`
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
    if (!rooms[room]) fail(file, 1, known, `the room ${room} has no row in \`rooms\`; add one with its imports`);
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
  for (const circle of circlesOf(graphOf(edges))) {
    for (const { from, to, line } of edges) {
      if (circle.includes(from) && circle.includes(to)) fail(from, line, noFileCircles, `it imports ${to}`);
    }
  }
  // Inside each room, every file and folder counts as one node. `mod.rs` stands for the room and is left out. The table
  // `rooms` covers `src` itself.
  const folders = new Set([...modules.values()].map(({ file }) => dirname(nameOf(file))));
  folders.delete('.');
  for (const folder of folders) {
    const start = `${folder}/`;
    const entryOf = (file) => (file.startsWith(start) ? file.slice(start.length).split('/')[0] : undefined);
    const inside = edges
      .map((edge) => ({ ...edge, room: entryOf(edge.from), other: entryOf(edge.to) }))
      .filter(({ room, other }) => room && other && room !== other && room !== 'mod.rs' && other !== 'mod.rs');
    for (const circle of circlesOf(graphOf(inside.map(({ room, other }) => ({ from: room, to: other }))))) {
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

function graphOf(edges) {
  const graph = new Map();
  for (const { from, to } of edges) {
    if (!graph.has(from)) graph.set(from, new Set());
    graph.get(from).add(to);
  }
  return graph;
}
