import { files as fileCount } from '../words.js';

const find = (selector) => document.querySelector(selector);

/** The list of the files in the index. */
export class HeldFiles {
  #paths = [];
  #remove;
  #details = find('#held');
  #list = find('#held-list');

  /** `remove(path)` runs when the user removes a file. */
  constructor(remove) {
    this.#remove = remove;
    this.#details.addEventListener('toggle', () => this.#fill());
  }

  /** Shows how many files there are, and their names once the user opens the list. */
  show(paths) {
    this.#paths = paths;
    const { length } = paths;
    find('#library-count').textContent = length === 0 ? 'No files yet' : fileCount(length);
    const loses = length === 0 && this.#details.contains(document.activeElement);
    this.#details.hidden = length === 0;
    if (loses) find('#choose-files').focus();
    this.#fill();
  }

  #fill() {
    // A folder may have thousands of files.
    this.#list.replaceChildren(...(this.#details.open ? this.#paths.map((path) => this.#item(path)) : []));
  }

  #item(path) {
    const item = document.createElement('li');
    const name = document.createElement('span');
    name.textContent = path;
    name.dir = 'auto';
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', className: 'link', textContent: 'Remove' });
    button.setAttribute('aria-label', `Remove ${path}`);
    button.addEventListener('click', () => {
      this.#list.focus();
      this.#remove(path);
    });
    item.append(name, button);
    return item;
  }
}
