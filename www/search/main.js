import { keepOffline, keepUsed } from '../offline.js';
import { showProblem } from '../problem.js';
import { readSamples } from '../samples.js';
import { files as fileCount, megabytes, milliseconds, passages as passageCount, size } from '../words.js';
import { chosen, dropped } from './dropped.js';
import { HeldFiles } from './held-files.js';
import { Library } from './library.js';
import { Stages, shown } from './stages.js';

const typingPause = 250;
/** How many passages each stage passes on. The reranker reads as many. */
const candidates = 30;

const find = (selector) => document.querySelector(selector);
const form = find('#question');
const query = find('#query');
const found = find('#found');
const status = find('#status');
const work = find('#work');
const workProgress = find('#work-progress');
const problem = find('#problem');

const stages = new Stages({
  final: find('#hits-final'),
  keywords: find('#hits-keywords'),
  vectors: find('#hits-vectors'),
});
const held = new HeldFiles((path) => change(() => library.remove([path])));
let library = new Library();
/** Resolves once the index is open. The models may still load then. */
let opening;
/** The search and the change that are under way. Changes take turns. */
let searching = new AbortController();
let changing = new AbortController();
let turns = Promise.resolve();
let waitingChanges = 0;
let isKeptOffline = false;

/** Opens the index and loads the models, once `before` has ended. */
async function start(before = Promise.resolve()) {
  problem.hidden = true;
  status.textContent = 'Opening the index';
  const embedding = (progress) => showWork('Embedding again', progress);
  const warned = (text) => place(`The next visit needs the network: ${text}`);
  opening = before.then(() => library.open({ embedding, warned }));
  try {
    const isKept = await opening;
    if (!isKept) place('Another tab, or this browser’s settings, let this tab keep its index in memory alone.');
    held.show(library.paths());
    status.textContent = 'Loading the models';
    await library.ready();
    await showFigures();
  } catch (error) {
    fail(error, { by: 'start' });
    return;
  }
  if (waitingChanges === 0) work.hidden = true;
  if (found.getAttribute('aria-busy') !== 'true') search(0);
  if (isKeptOffline) return;
  isKeptOffline = true;
  // An earlier start would compete with the models for the network.
  keepOffline({ beforeReload: () => turns });
}

async function retry() {
  query.focus();
  const closed = library.close();
  library = new Library();
  await start(closed);
}

async function search(delay) {
  searching.abort();
  searching = new AbortController();
  const { signal } = searching;
  const text = query.value.trim();
  found.setAttribute('aria-busy', String(text !== ''));
  if (text === '') {
    stages.clear();
    status.textContent = library.paths().length > 0 ? 'Enter a query' : 'Add files, then enter a query';
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, delay));
  if (signal.aborted) return;
  if (problem.dataset.by === 'search') problem.hidden = true;
  try {
    await opening;
    await follow(library.stream(text, { limit: candidates, candidates, signal }), signal);
  } catch (error) {
    if (!signal.aborted) fail(error, { by: 'search' });
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
  let hits = [];
  for await (hits of lists) {
    if (signal.aborted) return;
    const name = names.shift();
    find(`#figure-${name}`).textContent = milliseconds(performance.now() - last);
    if (name !== 'rerank') stages.one(name, hits);
    stages.final(hits);
    last = performance.now();
  }
  const number = Math.min(hits.length, shown);
  const [first] = hits;
  status.textContent = first ? `${passageCount(number)} in ${milliseconds(last - began)}` : 'Nothing matches';
  announce(first ? `${status.textContent}. First: ${first.id}` : 'Nothing matches');
}

/** Runs a change of the index when the earlier ones have ended, then shows what the index holds. `run` returns a note. */
function change(run) {
  waitingChanges += 1;
  turns = turns.then(async () => {
    changing = new AbortController();
    note('');
    problem.hidden = true;
    try {
      await opening;
      note((await run(changing.signal)) ?? '');
    } catch (error) {
      if (changing.signal.aborted) note('Stopped. What was finished is in the index.');
      else fail(error, { by: 'change' });
    }
    waitingChanges -= 1;
    work.hidden = true;
    held.show(library.paths());
    if (problem.hidden) search(0);
    await showFigures().catch(() => {});
  });
  return turns;
}

function addFiles({ files, skipped }) {
  if (files.length + skipped.length === 0) return;
  change(async (signal) => {
    const progress = (state) => showWork('Reading and embedding', state);
    progress({ done: 0, total: files.length });
    const added = await library.addFiles(files, { signal, progress });
    // The page has loaded the reader of PDF, perhaps.
    keepUsed().catch(() => {});
    return said(added, [...skipped, ...added.skipped]);
  });
}

function said({ added, replaced }, skipped) {
  const again = replaced > 0 ? `, ${replaced} of them in place of an earlier one` : '';
  return `${fileCount(added)} added${again}${skipped.length > 0 ? `; ${reasons(skipped)}` : ''}`;
}

function reasons(skipped) {
  const [{ path, reason }] = skipped;
  return `${fileCount(skipped.length)} skipped, such as ${path}: ${reason}`;
}

async function addSamples() {
  const { passages, queries } = await readSamples();
  const name = (index) => `samples/${String(index + 1).padStart(2, '0')}.txt`;
  query.value ||= queries[0].text;
  const documents = passages.map(({ text }, index) => ({ id: name(index), text }));
  change(async (signal) => {
    showWork('Embedding', { done: 0, total: documents.length });
    await library.addTexts(documents, { signal, progress: (state) => showWork('Embedding', state) });
    return `${fileCount(documents.length)} added`;
  });
}

function addPasted() {
  const area = find('#pasted');
  const text = area.value.trim();
  if (text === '') return;
  change(async (signal) => {
    const [line] = text.split('\n');
    const id = library.free(`pasted: ${line.slice(0, 60)}`);
    await library.addTexts([{ id, text }], { signal, progress: () => {} });
    if (area.value.trim() === text) area.value = '';
    return 'The text was added';
  });
  area.focus();
}

function showWork(verb, { done, total }) {
  work.hidden = false;
  find('#work-stop').hidden = waitingChanges === 0;
  workProgress.max = total;
  if (done === 0) workProgress.removeAttribute('value');
  else workProgress.value = done;
  find('#work-text').textContent = `${verb}: ${done} of ${fileCount(total)}`;
}

async function removeAll() {
  if (!confirm('Remove all files from the index? The files on the disk stay.')) return;
  find('#choose-files').focus();
  change(() => library.remove(library.paths()));
}

async function showFigures() {
  const { chunks, bytes, memoryBytes } = await library.statistics();
  find('#figure-passages').textContent = chunks;
  find('#figure-index').textContent = size(bytes);
  find('#figure-memory').textContent = megabytes(memoryBytes);
}

/** Shows a failure. Only one of the start can be tried again as a whole. */
function fail(error, { by }) {
  status.textContent = '';
  work.hidden = true;
  find('#retry').hidden = by !== 'start';
  problem.dataset.by = by;
  showProblem(error);
}

function note(text) {
  find('#work-note').textContent = text;
}

/** Says where the index is, if it is not where the page promises. */
function place(text) {
  find('#place').textContent = text;
}

function announce(text) {
  find('#announcer').textContent = text;
}

const failed = (error) => fail(error, { by: 'change' });

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
find('#add-samples').addEventListener('click', () => addSamples().catch(failed));
find('#add-pasted').addEventListener('click', addPasted);
find('#work-stop').addEventListener('click', () => changing.abort());
find('#remove-all').addEventListener('click', () => removeAll().catch(failed));
find('#retry').addEventListener('click', retry);

const bringsFiles = ({ dataTransfer }) => dataTransfer.types.includes('Files');
addEventListener('dragover', (event) => {
  if (!bringsFiles(event)) return;
  event.preventDefault();
  document.body.classList.add('receives');
});
addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) document.body.classList.remove('receives');
});
addEventListener('drop', async (event) => {
  if (!bringsFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove('receives');
  addFiles(await dropped(event.dataTransfer));
});

start();
