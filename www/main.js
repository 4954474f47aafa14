import { LiveRanking } from './live-ranking.js';
import { loadModel } from './model.js';
import { showPassages, showResults } from './results.js';
import { count, explain, megabytes, passages as passageCount, seconds } from './words.js';

const typingPause = 250;

const find = (selector) => document.querySelector(selector);
const form = find('#question');
const query = find('#query');
const ownText = find('#own-text');
const status = find('#status');
const problem = find('#problem');
const section = find('.ranking');
const progress = find('#ranking-progress');

let samples = { queries: [], passages: [] };
let reranker;
let ranking;

async function start() {
  problem.hidden = true;
  try {
    if (samples.passages.length === 0) await readSamples();
    showPassages(chosenPassages());
    status.textContent = 'The model is being loaded';
    reranker = await loadModel();
  } catch (error) {
    fail(error);
    return;
  }
  ranking = new LiveRanking((...call) => reranker.rerank(...call), {
    start() {
      problem.hidden = true;
      setBusy(true);
      status.textContent = 'Ranking';
    },
    progress({ done, total }) {
      progress.max = total;
      progress.value = done;
    },
    ranked,
    failed: fail,
  });
  ask(0);
}

async function readSamples() {
  const response = await fetch(new URL('./samples.json', import.meta.url));
  if (!response.ok) throw new Error(`samples.json: HTTP ${response.status}`);
  samples = await response.json();
  const languages = new Set(samples.passages.map(({ language }) => language)).size;
  find('#about-samples').textContent = `${passageCount(samples.passages.length)} in ${languages} languages`;
  find('#suggestions').replaceChildren(...samples.queries.map(({ text }) => suggestion(text)));
  query.value ||= samples.queries[0].text;
}

function suggestion(text) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = text;
  button.addEventListener('click', () => {
    query.value = text;
    ask(0);
  });
  item.append(button);
  return item;
}

/** Ranks what the form says now, or says what it lacks. */
function ask(delay) {
  const own = takesOwn();
  find('#own').hidden = !own;
  find('#about-samples').hidden = own;
  const passages = chosenPassages();
  if (!ranking) {
    showPassages(passages);
    return;
  }
  const lack = lackOf(passages);
  if (lack === undefined) {
    ranking.ask(query.value, passages, delay);
    return;
  }
  ranking.stop();
  setBusy(false);
  problem.hidden = true;
  showPassages(passages);
  clearFigures();
  status.textContent = lack;
}

function takesOwn() {
  return form.elements.passages.value === 'own';
}

function chosenPassages() {
  return takesOwn() ? ownPassages() : samples.passages;
}

function ownPassages() {
  const lines = ownText.value.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').map((text) => ({ text }));
}

function lackOf(passages) {
  if (passages.length === 0) return 'Enter at least one passage';
  if (query.value.trim() === '') return 'Enter a query';
  return undefined;
}

async function ranked(results, milliseconds) {
  const { memoryBytes } = await reranker.statistics();
  const tokens = results.reduce((sum, result) => sum + result.tokens, 0);
  setBusy(false);
  showResults(results);
  status.textContent = `${passageCount(results.length)} ranked in ${seconds(milliseconds)}`;
  find('#figure-time').textContent = seconds(milliseconds);
  find('#figure-tokens').textContent = count(tokens);
  find('#figure-speed').textContent = count((tokens / milliseconds) * 1000);
  find('#figure-memory').textContent = megabytes(memoryBytes);
}

function clearFigures() {
  for (const figure of document.querySelectorAll('#figures dd')) figure.textContent = '–';
}

function setBusy(busy) {
  section.classList.toggle('busy', busy);
  section.setAttribute('aria-busy', busy);
  progress.value = 0;
}

function fail(error) {
  setBusy(false);
  showPassages(chosenPassages());
  clearFigures();
  status.textContent = '';
  find('#problem-text').textContent = explain(error);
  problem.hidden = false;
}

async function retry() {
  query.focus();
  ranking?.stop();
  ranking = undefined;
  await reranker?.dispose();
  reranker = undefined;
  await start();
}

form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('input', (event) => {
  // Half a character of an input method is nothing to rank.
  if (!event.isComposing) ask(typingPause);
});
form.addEventListener('compositionend', () => ask(typingPause));
find('#retry').addEventListener('click', retry);
ask(0);
start();
