import { clampIfLong, element } from '../elements.js';
import { score as scoreText } from '../words.js';

/** The hits that each stage of the page shows. */
export const shown = 8;

/** Shows what the stages found, side by side. Its lists are `final`, `keywords` and `vectors`. */
export class Stages {
  #lists;

  constructor(lists) {
    this.#lists = lists;
  }

  clear() {
    for (const list of Object.values(this.#lists)) list.replaceChildren();
  }

  /** Shows the best list so far: the hits in their order. */
  final(hits) {
    this.#fill(
      this.#lists.final,
      hits.map((hit) => item(hit, lastOf(hit.stages), hit.stages.fused && placesBefore(hit.stages))),
    );
  }

  /** Shows the hits that one stage saw, in its order. */
  one(stage, hits) {
    const seen = hits.filter(({ stages }) => stages[stage]);
    seen.sort((left, right) => left.stages[stage].rank - right.stages[stage].rank);
    this.#fill(
      this.#lists[stage],
      seen.map((hit) => item(hit, stage)),
    );
    // A document shows its best passage alone, so ranks can have gaps.
    for (const [index, element] of [...this.#lists[stage].children].entries()) {
      element.value = seen[index].stages[stage].rank;
    }
  }

  #fill(list, items) {
    list.replaceChildren(...items.slice(0, shown));
    for (const paragraph of list.querySelectorAll('.text')) clampIfLong(paragraph);
  }
}

const lastOf = ({ rerank, fused }) => (rerank ? 'rerank' : fused ? 'fused' : 'keywords');

function item({ id, document, chunk, stages }, stage, note) {
  const made = element('li');
  const head = element('p', 'hit-head');
  const source = element('span', 'source', id);
  source.dir = 'auto';
  const number = element('span', 'number');
  number.append(element('span', 'unseen', 'Score '), numberOf(stage, stages[stage].score));
  head.append(source, number);
  const text = element('p', 'text', document.text.slice(chunk.start, chunk.end).trim());
  text.dir = 'auto';
  made.append(head, text);
  if (note) made.append(element('p', 'hint', note));
  return made;
}

const numberOf = (stage, score) => (stage === 'keywords' ? score.toFixed(1) : scoreText(score));

function placesBefore({ keywords, vectors }) {
  const place = (name, found) => `${name} ${found ? `#${found.rank}` : '–'}`;
  return `${place('keywords', keywords)}, ${place('vectors', vectors)}`;
}
