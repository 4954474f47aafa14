import { clampIfLong, element } from './elements.js';
import { arrange } from './flip.js';
import { score as scoreText } from './words.js';

/** Shows the passages as a list. Its items keep their identity while order and scores change. */
export class ResultList {
  #list;
  #items = [];

  constructor(list) {
    this.#list = list;
  }

  /** Shows these passages in their places before: `before[index]` is 0 for the first passage. */
  hold(passages, before) {
    const same =
      passages.length === this.#items.length && passages.every(({ text }, index) => text === this.#items[index].text);
    if (!same) {
      this.#items = passages.map(({ text }) => new Item(text));
      const elements = inOrder(before).map((index) => this.#items[index].element);
      this.#list.replaceChildren(...elements);
      for (const item of this.#items) item.clampIfLong();
    }
    for (const [index, item] of this.#items.entries()) item.reset(before[index]);
    this.order(inOrder(before));
  }

  /** Shows the score of one passage. */
  score(index, result) {
    this.#items[index].score(result);
  }

  /** Shows the passages in this order. `moved` marks the order after the ranking, which shows how far each passage moved. */
  order(indexes, { moved = false } = {}) {
    for (const [place, index] of indexes.entries()) this.#items[index].place(place, moved);
    arrange(
      this.#list,
      indexes.map((index) => this.#items[index].element),
    );
  }
}

/** Inverts `places`: returns the positions by place, first place first. */
function inOrder(places) {
  const indexes = [];
  for (const [index, place] of places.entries()) indexes[place] = index;
  return indexes;
}

class Item {
  element = element('li');
  text;
  #before = 0;
  #place = element('span', 'place');
  #move = element('span', 'move');
  #paragraph;
  #score = element('p', 'score');

  constructor(text) {
    this.text = text;
    this.#paragraph = element('p', 'text', text);
    this.#paragraph.dir = 'auto';
    const places = element('p', 'places');
    places.append(this.#place, this.#move);
    this.element.append(places, this.#paragraph, this.#score);
  }

  reset(before) {
    this.#before = before;
    this.element.classList.remove('scored');
    this.element.style.removeProperty('--share');
    this.#score.replaceChildren(element('span', 'unseen', 'not scored yet'));
  }

  score({ score, truncated }) {
    this.element.classList.add('scored');
    this.element.style.setProperty('--share', score);
    const number = element('span', 'number', scoreText(score));
    const bar = element('span', 'bar');
    bar.setAttribute('aria-hidden', 'true');
    this.#score.replaceChildren(element('span', 'unseen', 'Score '), number, bar);
    if (truncated) this.#score.append(element('span', 'cut', 'cut at the end'));
  }

  place(place, moved) {
    this.#place.textContent = `${place + 1}`;
    const rise = moved ? this.#before - place : 0;
    this.#move.className = `move ${rise > 0 ? 'up' : rise < 0 ? 'down' : ''}`;
    const arrow = rise > 0 ? `▲ ${rise}` : rise < 0 ? `▼ ${-rise}` : moved ? '=' : '';
    const seen = element('span', '', arrow);
    seen.setAttribute('aria-hidden', 'true');
    const heard = moved ? element('span', 'unseen', `, was ${this.#before + 1}`) : '';
    this.#move.replaceChildren(seen, heard);
  }

  clampIfLong() {
    clampIfLong(this.#paragraph);
  }
}
