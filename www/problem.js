import { explain } from './words.js';

const find = (selector) => document.querySelector(selector);

/** Shows a failure: a sentence for users, and the package's code and message for developers. */
export function showProblem(error) {
  const { sentence, code, message } = explain(error);
  find('#problem-text').textContent = sentence;
  find('#problem-code').textContent = code;
  find('#problem-message').textContent = message;
  find('#problem').hidden = false;
}
