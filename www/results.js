const list = document.querySelector('#results');

/** Shows ranked passages, best first. */
export function showResults(results) {
  list.classList.remove('unranked');
  list.replaceChildren(
    ...results.map(({ score, tokens, truncated, document: passage }, index) => {
      const item = element('li');
      const figures = element('div', 'score', score.toFixed(4));
      figures.append(element('span', 'facts', `  ·  ${tokens} tokens${truncated ? ', cut' : ''}`), bar(score));
      item.append(element('div', 'place', `${index + 1}`), figures, textOf(passage));
      return item;
    }),
  );
}

/** Shows passages that no query has ranked yet, in their own order. */
export function showPassages(passages) {
  list.classList.add('unranked');
  list.replaceChildren(
    ...passages.map((passage) => {
      const item = element('li');
      item.append(textOf(passage));
      return item;
    }),
  );
}

function textOf({ text, language }) {
  const paragraph = element('p', 'text', text);
  paragraph.dir = 'auto';
  if (language) paragraph.lang = language;
  return paragraph;
}

/** The number beside it says the same, so a screen reader passes over the bar. */
function bar(share) {
  const track = element('span', 'bar');
  track.setAttribute('aria-hidden', 'true');
  track.style.setProperty('--share', share);
  return track;
}

function element(name, className = '', text = '') {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
