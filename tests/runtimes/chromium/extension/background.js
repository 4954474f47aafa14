import { rank } from './rank.js';

chrome.runtime.onMessage.addListener((options, _sender, answer) => {
  rank(options).then(answer);
  return true;
});
