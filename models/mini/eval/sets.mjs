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

/**
 * Reads what is searched: `{ name, passages, queries }`. `relevant` of a query holds indices of passages. The showcase and
 * the held-out sources are searched whole. The English questions of XQuAD are searched in its paragraphs among the passages
 * of all the others.
 */
export async function readCorpora() {
  const heldOut = await Promise.all(
    (await heldOutFiles()).map(async ({ name, file }) => ({ name, ...JSON.parse(await readFile(file, 'utf8')) })),
  );
  const { tasks } = await readShowcase();
  const pairs = tasks.map(({ query, passages, relevant: [answer] }) => ({ query, answer: passages[answer] }));
  const showcase = corpus(
    'showcase',
    pairs,
    tasks.flatMap(({ passages }) => passages),
  );
  const others = [showcase, ...heldOut].flatMap(({ passages }) => passages);
  return [showcase, ...heldOut, corpus('xquad', await readXquad(), others)];
}

/** Makes a set of questions with one answer each, and of further passages. */
function corpus(name, pairs, others) {
  const passages = [...new Set([...pairs.map(({ answer }) => answer), ...others])];
  return {
    name,
    passages,
    queries: pairs.map(({ query, answer }) => ({ query, relevant: [passages.indexOf(answer)] })),
  };
}

/** Reads the English questions of XQuAD that the tokenizer's tests have, with the paragraph of each. */
async function readXquad() {
  const file = new URL('../../../tests/fixtures/tokenizer_golden.jsonl', import.meta.url);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const english = lines.map((line) => JSON.parse(line)).filter(({ lang }) => lang === 'en');
  return english.map(({ query, passage }) => ({ query, answer: passage }));
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
