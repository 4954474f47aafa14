/** Makes an element of the page. */
export function element(name, className = '', text = '') {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Shows the first lines of a long paragraph and a button for the rest. The paragraph must be in the page. */
export function clampIfLong(paragraph) {
  paragraph.classList.add('clamped');
  if (paragraph.scrollHeight <= paragraph.clientHeight + 1) return;
  const button = element('button', 'link', 'Show all of it');
  button.type = 'button';
  button.setAttribute('aria-expanded', 'false');
  button.addEventListener('click', () => {
    const clamped = paragraph.classList.toggle('clamped');
    button.textContent = clamped ? 'Show all of it' : 'Show less';
    button.setAttribute('aria-expanded', `${!clamped}`);
  });
  paragraph.after(button);
}
