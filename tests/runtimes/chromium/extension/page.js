import { rank } from './rank.js';

globalThis.rank = rank;
globalThis.rankInBackground = (options) => chrome.runtime.sendMessage(options);
