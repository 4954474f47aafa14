import { keepOffline, keepUsed } from '../offline.js';
import { explain, megabytes, milliseconds, passages as passageCount, size } from '../words.js';
import { chosen, dropped } from './dropped.js';
import { Library } from './library.js';
import { Stages, shown } from './stages.js';

const typingPause = 250;
/** How many passages each stage passes on. The reranker reads as many. */
const candidates = 30;

const find = (selector) => document.querySelector(selector);
const form = find('#question');
const query = find('#query');
const status = find('#status');
const work = find('#work');
const workProgress = find('#work-progress');
const problem = find('#problem');
const heldList = find('#held-list');

const stages = new Stages({
  final: find('#hits-final'),
  keywords: find('#hits-keywords'),
  vectors: find('#hits-vectors'),
});
let library = new Library();
/** Resolves once the index is open. The models may still load then. */
let opening;
/** The search and the change that are under way. Changes take turns. */
let searching = new AbortController();
let changing = new AbortController();
let turns = Promise.resolve();

async function start() {
  problem.hidden = true;
  status.textContent = 'Loading the models';
  try {
    opening = library.open({ embedding: (progress) => showWork('Embedding again', progress) });
    const inMemory = await opening;
    if (inMemory) note(`This tab keeps its index in memory. ${inMemory}`);
    await library.ready();
    work.hidden = true;
    await showHeld();
    search(0);
  } catch (error) {
    fail(error);
    return;
  }
  // An earlier start would compete with the models for the network.
  keepOffline();
}

async function retry() {
  query.focus();
  await library.close();
  library = new Library();
  await start();
}

async function search(delay) {
  searching.abort();
  searching = new AbortController();
  const { signal } = searching;
  const text = query.value.trim();
  if (text === '') {
    stages.clear();
    status.textContent = heldList.children.length > 0 ? 'Enter a query' : 'Add files, then enter a query';
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, delay));
  if (signal.aborted) return;
  const found = find('#found');
  found.setAttribute('aria-busy', 'true');
  problem.hidden = true;
  try {
    await opening;
    await follow(library.stream(text, { limit: candidates, candidates, signal }), signal);
    await showFigures();
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
  if (signal.aborted) return;
  found.setAttribute('aria-busy', 'false');
  found.dataset.query = text;
}

/** Shows each list of a search and how long its stage took. */
async function follow(lists, signal) {
  const began = performance.now();
  let last = began;
  const names = ['keywords', 'vectors', 'rerank'];
  let found = [];
  for await (const hits of lists) {
    if (signal.aborted) return;
    const now = performance.now();
    const name = names.shift();
    find(`#figure-${name}`).textContent = milliseconds(now - last);
    last = now;
    if (name !== 'rerank') stages.one(name, hits);
    stages.final(hits);
    found = hits;
  }
  const number = Math.min(found.length, shown);
  status.textContent = `${passageCount(number)} in ${milliseconds(last - began)}`;
  const [first] = found;
  if (!first) status.textContent = 'Nothing matches';
  announce(first ? `${status.textContent}. First: ${first.id}` : 'Nothing matches');
}

/** Runs a change of the index when the earlier ones have ended, then shows what the index holds. */
function change(run) {
  turns = turns.then(async () => {
    changing = new AbortController();
    note('');
    problem.hidden = true;
    try {
      await opening;
      note((await run(changing.signal)) ?? '');
    } catch (error) {
      if (changing.signal.aborted) note('Stopped. What was finished is in the index.');
      else fail(error);
    }
    work.hidden = true;
    await showHeld().catch(fail);
    search(0);
  });
  return turns;
}

function addFiles(files) {
  if (files.length === 0) return;
  change(async (signal) => {
    const progress = (state) => showWork('Reading and embedding', state);
    progress({ done: 0, total: files.length });
    const skipped = await library.addFiles(files, { signal, progress });
    // The page has loaded the reader of PDF, perhaps.
    keepUsed();
    return `${count(files.length - skipped.length)} added${skipped.length > 0 ? `; ${reasons(skipped)}` : ''}`;
  });
}

function addTexts(documents, said) {
  change(async (signal) => {
    const progress = (state) => showWork('Embedding', state);
    progress({ done: 0, total: documents.length });
    await library.addTexts(documents, { signal, progress });
    return said;
  });
}

async function addSamples() {
  const response = await fetch(new URL('../samples.json', import.meta.url));
  if (!response.ok) throw new Error(`samples.json came with HTTP ${response.status} instead of 200; reload the page.`);
  const { passages, queries } = await response.json();
  const name = (index) => `samples/${String(index + 1).padStart(2, '0')}.txt`;
  query.value ||= queries[0].text;
  addTexts(
    passages.map(({ text }, index) => ({ id: name(index), text })),
    `${count(passages.length)} added`,
  );
}

function addPasted() {
  const area = find('#pasted');
  const text = area.value.trim();
  if (text === '') return;
  const [line] = text.split('\n');
  addTexts([{ id: `pasted: ${line.slice(0, 60)}`, text }], 'The text was added');
  area.value = '';
  area.focus();
}

function showWork(verb, { done, total }) {
  work.hidden = false;
  workProgress.max = total;
  workProgress.value = done;
  find('#work-text').textContent = `${verb}: ${done} of ${count(total)}`;
}

async function showHeld() {
  const paths = await library.paths();
  find('#library-count').textContent = paths.length === 0 ? 'No files yet' : count(paths.length);
  find('#held').hidden = paths.length === 0;
  heldList.replaceChildren(...paths.map(heldItem));
  await showFigures();
}

function heldItem(path) {
  const item = document.createElement('li');
  const name = document.createElement('span');
  name.textContent = path;
  name.dir = 'auto';
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', className: 'link', textContent: 'Remove' });
  button.setAttribute('aria-label', `Remove ${path}`);
  button.addEventListener('click', () => {
    heldList.focus();
    change(() => library.remove([path]));
  });
  item.append(name, button);
  return item;
}

async function removeAll() {
  if (!confirm('Remove all files from the index? The files on the disk stay.')) return;
  find('#choose-files').focus();
  change(async () => library.remove(await library.paths()));
}

async function showFigures() {
  const { chunks, bytes, memoryBytes } = await library.statistics();
  find('#figure-passages').textContent = chunks;
  find('#figure-index').textContent = size(bytes);
  find('#figure-memory').textContent = megabytes(memoryBytes);
}

function count(number) {
  return `${number} ${number === 1 ? 'file' : 'files'}`;
}

function reasons(skipped) {
  const [{ path, reason }] = skipped;
  return `${count(skipped.length)} skipped, such as ${path}: ${reason}`;
}

function fail(error) {
  const { sentence, code, message } = explain(error);
  status.textContent = '';
  work.hidden = true;
  find('#problem-text').textContent = sentence;
  find('#problem-code').textContent = code;
  find('#problem-message').textContent = message;
  problem.hidden = false;
}

function note(text) {
  find('#work-note').textContent = text;
}

function announce(text) {
  find('#announcer').textContent = text;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  search(0);
});
form.addEventListener('input', (event) => {
  // An input method sends unfinished characters; the search waits for whole ones.
  if (!event.isComposing) search(typingPause);
});
form.addEventListener('compositionend', () => search(typingPause));

for (const name of ['files', 'folder']) {
  const input = find(`#${name}`);
  find(`#choose-${name}`).addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    addFiles(chosen(input));
    input.value = '';
  });
}
find('#add-samples').addEventListener('click', () => addSamples().catch(fail));
find('#add-pasted').addEventListener('click', addPasted);
find('#work-stop').addEventListener('click', () => changing.abort());
find('#remove-all').addEventListener('click', () => removeAll().catch(fail));
find('#retry').addEventListener('click', retry);

addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('receives');
});
addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) document.body.classList.remove('receives');
});
addEventListener('drop', async (event) => {
  event.preventDefault();
  document.body.classList.remove('receives');
  try {
    addFiles(await dropped(event.dataTransfer));
  } catch (error) {
    fail(error);
  }
});

start();
