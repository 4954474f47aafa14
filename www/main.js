import { bestFirst, bm25 } from './bm25.js';
import { LiveRanking } from './live-ranking.js';
import { ModelChooser } from './model-chooser.js';
import { keepOffline } from './offline.js';
import { showProblem } from './problem.js';
import { remember } from './remember.js';
import { ResultList } from './results.js';
import { readSamples } from './samples.js';
import { megabytes, milliseconds, passages as passageCount, rate, score } from './words.js';

/** Milliseconds from the last key to the ranking, and between two changes of the order during a ranking. */
const typingPause = 250;
const orderPause = 350;
/** A reranker is for the first hits of a search; more passages would take long. */
const mostPassages = 100;

const find = (selector) => document.querySelector(selector);
const form = find('#question');
const query = find('#query');
const ownText = find('#own-text');
const rank = find('#rank');
const status = find('#status');
const progress = find('#progress');
const problem = find('#problem');
const order = find('#order');
const announcer = find('#announcer');

const list = new ResultList(find('#results'));
const chooser = new ModelChooser({ ready: () => ask(0), announce });
const ranking = new LiveRanking({ started, counted, scored, ranked, failed: fail });

let samples = { queries: [], passages: [] };
/** The list holds the passages' positions in their order before, and the results so far by position. */
let before = [];
let results = new Map();
let orderTimer;

async function start() {
  problem.hidden = true;
  try {
    if (samples.passages.length === 0) await takeSamples();
    takePassages();
    announce('The model is being loaded');
    await chooser.load(showLoading);
  } catch (error) {
    fail(error);
    return;
  }
  progress.classList.remove('active');
  ask(0);
}

async function takeSamples() {
  samples = await readSamples();
  find('#suggestions').replaceChildren(...samples.queries.map(suggestion));
  remember(form);
  query.value ||= samples.queries[0].text;
}

function suggestion({ label, text }) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', textContent: label, title: text });
  button.addEventListener('click', () => {
    query.value = text;
    ask(0);
  });
  item.append(button);
  return item;
}

function showLoading({ preparing, loaded, total }) {
  progress.classList.add('active');
  if (preparing) {
    progress.removeAttribute('value');
    status.textContent = `Preparing ${chooser.name}`;
    return;
  }
  progress.max = total;
  progress.value = loaded;
  status.textContent = `Loading ${chooser.name}: ${megabytes(loaded)} of ${megabytes(total)}`;
}

/** Ranks the form's current input, or shows what the form lacks. */
function ask(delay) {
  ranking.stop();
  if (!chooser.reranker) {
    takePassages();
    return;
  }
  problem.hidden = true;
  const lack = lackOf();
  if (lack !== undefined) {
    rest();
    takePassages();
    clearFigures();
    status.textContent = lack;
    return;
  }
  ranking.ask(chooser.reranker, query.value, passagesBefore, delay);
}

const takesOwn = () => form.elements.passages.value === 'own';

function chosenPassages() {
  return takesOwn() ? ownPassages().slice(0, mostPassages) : samples.passages;
}

function ownPassages() {
  const lines = ownText.value.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').map((text) => ({ text }));
}

function lackOf() {
  if (chosenPassages().length === 0) return 'Enter at least one passage';
  if (query.value.trim() === '') return 'Enter a query';
  return undefined;
}

/** Shows the chosen passages in their order before, without scores. */
function takePassages() {
  clearTimeout(orderTimer);
  orderTimer = undefined;
  const own = takesOwn();
  find('#own').hidden = !own;
  const passages = chosenPassages();
  if (own) countOwn();
  const keywords = form.elements.before.value === 'keywords';
  const scores = keywords
    ? bm25(
        query.value,
        passages.map(({ text }) => text),
      )
    : passages.map(() => 0);
  before = bestFirst(scores);
  results = new Map();
  const places = [];
  for (const [place, index] of before.entries()) places[index] = place;
  list.hold(passages, places);
  order.disabled = true;
  form.ownerDocument.querySelector('[name=order][value=before]').checked = true;
}

function countOwn() {
  const number = ownPassages().length;
  const more = number > mostPassages ? `; the first ${mostPassages} of them are ranked` : '';
  find('#own-count').textContent = number === 0 ? 'No passages yet' : `${passageCount(number)}${more}`;
}

/** Returns the passages in their order before, so that the engine scores the best candidates first. */
function passagesBefore() {
  takePassages();
  const passages = chosenPassages();
  return before.map((index) => passages[index]);
}

function started() {
  find('.ranking').setAttribute('aria-busy', 'true');
  progress.classList.add('active');
  progress.max = before.length;
  progress.value = 0;
  status.textContent = `Ranking ${passageCount(before.length)}`;
  rank.textContent = 'Stop';
}

function counted(done, elapsed) {
  progress.value = done;
  status.textContent = `Ranking: ${done} of ${before.length}`;
  showSpeed(done, elapsed);
}

function scored(result) {
  const index = before[result.index];
  results.set(index, result);
  list.score(index, result);
  orderTimer ??= setTimeout(orderNow, orderPause);
}

/** Orders the scored passages by score, then the waiting ones. */
function orderAfter() {
  const known = before.filter((index) => results.has(index));
  known.sort((left, right) => results.get(right).logit - results.get(left).logit || left - right);
  return [...known, ...before.filter((index) => !results.has(index))];
}

function orderNow() {
  clearTimeout(orderTimer);
  orderTimer = undefined;
  list.order(orderAfter(), { moved: true });
}

async function ranked(elapsed) {
  rest();
  showAfter();
  const total = before.length;
  const said = `${passageCount(total)} ranked in ${milliseconds(elapsed)}`;
  status.textContent = said;
  showSpeed(total, elapsed);
  const [first] = orderAfter();
  announce(`${said}. First, with ${score(results.get(first).score)}: ${chosenPassages()[first].text.slice(0, 120)}`);
  const { memoryBytes, threads } = await chooser.reranker.statistics();
  find('#figure-memory').textContent = megabytes(memoryBytes);
  find('#figure-threads').textContent = threads;
  keepOfflineOnce();
}

function showAfter() {
  order.disabled = false;
  document.querySelector('[name=order][value=after]').checked = true;
  orderNow();
}

function showSpeed(done, elapsed) {
  find('#figure-time').textContent = milliseconds(elapsed);
  find('#figure-each').textContent = milliseconds(elapsed / done);
  find('#figure-speed').textContent = rate((done / elapsed) * 1000);
}

function stop() {
  if (!ranking.busy) return;
  ranking.stop();
  rest();
  if (results.size > 0) showAfter();
  status.textContent = `Stopped after ${results.size} of ${passageCount(before.length)}`;
  announce(status.textContent);
}

function rest() {
  clearTimeout(orderTimer);
  orderTimer = undefined;
  find('.ranking').setAttribute('aria-busy', 'false');
  progress.classList.remove('active');
  progress.value = 0;
  rank.textContent = 'Rank';
}

function clearFigures() {
  for (const figure of document.querySelectorAll('#figures dd')) figure.textContent = '–';
}

function fail(error) {
  rest();
  takePassages();
  clearFigures();
  status.textContent = '';
  showProblem(error);
}

async function retry() {
  query.focus();
  ranking.stop();
  await start();
}

function announce(text) {
  announcer.textContent = text;
}

let offlineKept = false;
function keepOfflineOnce() {
  if (offlineKept) return;
  offlineKept = true;
  // An earlier start would compete with the model for the network.
  keepOffline();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (event.submitter === rank && ranking.busy) stop();
  else ask(0);
});
form.addEventListener('input', (event) => {
  if (takesOwn()) countOwn();
  find('#own').hidden = !takesOwn();
  // An input method sends unfinished characters; ranking waits for whole ones.
  if (!event.isComposing) ask(typingPause);
});
form.addEventListener('compositionend', () => ask(typingPause));
form.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && ranking.busy) {
    event.preventDefault();
    stop();
  }
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    ask(0);
  }
});
order.addEventListener('change', ({ target }) => {
  const after = target.value === 'after';
  list.order(after ? orderAfter() : before, { moved: after });
});
find('#retry').addEventListener('click', retry);
if (/Mac|iPhone|iPad/.test(navigator.platform)) find('#modifier').textContent = '⌘';
start();
