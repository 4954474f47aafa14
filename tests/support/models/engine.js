import { readFile } from 'node:fs/promises';

import { engineUrl } from '../paths.js';

/** Ids of a module's sections. */
const sections = { import: 2, memory: 5, global: 6, export: 7, code: 10 };

/** Returns the engine with a memory that can grow to `pages` of 64 KiB and no further. */
export async function engineWithMemoryLimit(pages) {
  return rewritten(await readFile(engineUrl), sections.memory, (body) => {
    const minimum = readNumber(body, 2);
    return [Uint8Array.from([1, 1, ...writeNumber(minimum.value), ...writeNumber(pages)])];
  });
}

/**
 * Returns the engine with an instruction that traps, as a defect of the code would. It traps in an instance's `count`th
 * call of `exported`, which is a step by default.
 */
export async function engineThatTraps(count, exported = 'job_step') {
  const bytes = await readFile(engineUrl);
  const imported = importedFunctions(sectionOf(bytes, sections.import));
  const trapping = exportedFunction(sectionOf(bytes, sections.export), exported) - imported;
  const global = readNumber(sectionOf(bytes, sections.global), 0).value;
  const counter = [0x7f, 1, 0x41, ...writeNumber(count), 0x0b];
  const withCounter = rewritten(bytes, sections.global, (body) => {
    const { next } = readNumber(body, 0);
    return [Uint8Array.from(writeNumber(global + 1)), body.subarray(next), Uint8Array.from(counter)];
  });
  const [get, set, one] = [
    [0x23, ...writeNumber(global)],
    [0x24, ...writeNumber(global)],
    [0x41, 1],
  ];
  // counter = counter - 1; 1 / counter, which traps at 0.
  const instructions = [...get, ...one, 0x6b, ...set, ...one, ...get, 0x6e, 0x1a];
  return rewritten(withCounter, sections.code, (body) => {
    let { next } = readNumber(body, 0);
    for (let skipped = 0; skipped < trapping; skipped += 1) next = skipText(body, next);
    const size = readNumber(body, next);
    const start = skipLocals(body, size.next);
    return [
      body.subarray(0, next),
      Uint8Array.from(writeNumber(size.value + instructions.length)),
      body.subarray(size.next, start),
      Uint8Array.from(instructions),
      body.subarray(start),
    ];
  });
}

/** Replaces the body of the module's section with this id. */
function rewritten(bytes, id, change) {
  const { start, body, end } = findSection(bytes, id);
  const changed = Buffer.concat(change(body));
  const head = Buffer.from([id, ...writeNumber(changed.length)]);
  return Buffer.concat([bytes.subarray(0, start), head, changed, bytes.subarray(end)]);
}

function sectionOf(bytes, id) {
  return findSection(bytes, id).body;
}

function findSection(bytes, id) {
  for (let start = 8; start < bytes.length; ) {
    const size = readNumber(bytes, start + 1);
    const end = size.next + size.value;
    if (bytes[start] === id) return { start, body: bytes.subarray(size.next, end), end };
    start = end;
  }
  throw new Error(`The engine has no section ${id}, which this test changes.`);
}

/** Returns the number of functions that the module imports. It imports nothing else. */
function importedFunctions(body) {
  const { value: count, next } = readNumber(body, 0);
  let position = next;
  for (let index = 0; index < count; index += 1) {
    position = skipText(body, skipText(body, position));
    if (body[position] !== 0)
      throw new Error('The engine imports something other than a function; count it in importedFunctions.');
    position = readNumber(body, position + 1).next;
  }
  return count;
}

function exportedFunction(body, wanted) {
  const { value: count, next } = readNumber(body, 0);
  let position = next;
  for (let index = 0; index < count; index += 1) {
    const length = readNumber(body, position);
    const end = length.next + length.value;
    const name = body.toString('utf8', length.next, end);
    const exported = readNumber(body, end + 1);
    if (name === wanted && body[end] === 0) return exported.value;
    position = exported.next;
  }
  throw new Error(`The engine exports no function ${wanted}, which this test changes.`);
}

/** Returns the position behind something that begins with its length. */
function skipText(bytes, start) {
  const { value, next } = readNumber(bytes, start);
  return next + value;
}

/** Returns the position behind the local variables of a function. */
function skipLocals(bytes, start) {
  let { value: groups, next } = readNumber(bytes, start);
  for (; groups > 0; groups -= 1) next = readNumber(bytes, next).next + 1;
  return next;
}

/** Reads an unsigned LEB128 number. */
function readNumber(bytes, start) {
  let value = 0;
  for (let index = start, factor = 1; ; index += 1, factor *= 128) {
    value += (bytes[index] & 127) * factor;
    if (bytes[index] < 128) return { value, next: index + 1 };
  }
}

/** Writes an unsigned LEB128 number. */
function writeNumber(value) {
  return value < 128 ? [value] : [(value % 128) + 128, ...writeNumber(Math.floor(value / 128))];
}
