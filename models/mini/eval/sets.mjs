import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

/** A passage of this many words or more counts as long; that is about 150 tokens. */
export const LONG = 110;

/**
 * Reads a set: `{ name, hash, tasks }`, with the hash of the file. A task is `{ query, passages, relevant, isLong }`.
 * `relevant` holds indices of passages. A task is long if its first relevant passage is.
 */
async function readSet(name, file, read) {
  const bytes = await readFile(file);
  const hash = createHash('sha256').update(bytes).digest('hex');
  const tasks = read(bytes.toString('utf8')).map((task) => ({
    ...task,
    isLong: isLong(task.passages[task.relevant[0]]),
  }));
  return { name, hash, tasks };
}

export function isLong(passage) {
  return passage.split(/\s+/).length >= LONG;
}

/** Makes a task with the answer last, so that a tie counts against the model. */
export function showcaseTask({ question, answer, others }) {
  return { query: question, passages: [...others, answer], relevant: [others.length] };
}

export function parseShowcase(text) {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

export function readShowcase() {
  const file = new URL('showcase.jsonl', import.meta.url);
  return readSet('showcase', file, (text) => parseShowcase(text).map(showcaseTask));
}

/** Reads the held-out sources, each a file of `sets/`. A file stores its passages once; a query names its candidates. */
export async function readHeldOut() {
  const files = await heldOutFiles();
  return Promise.all(files.map(({ name, file }) => readSet(name, file, heldOutTasks)));
}

/** Reads the held-out sources whole: `{ name, passages, queries }`. `relevant` of a query holds indices of passages. */
export async function readCorpora() {
  const files = await heldOutFiles();
  return Promise.all(files.map(async ({ name, file }) => ({ name, ...JSON.parse(await readFile(file, 'utf8')) })));
}

async function heldOutFiles() {
  const folder = new URL('sets/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  return names.map((name) => ({ name: name.replace('.json', ''), file: new URL(name, folder) }));
}

function heldOutTasks(text) {
  const { passages, queries } = JSON.parse(text);
  return queries.map(({ query, relevant, candidates }) => ({
    query,
    passages: candidates.map((index) => passages[index]),
    relevant: relevant.map((index) => candidates.indexOf(index)),
  }));
}
