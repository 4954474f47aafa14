import { testPages } from './support/pages.js';
import { startWebKit } from './support/webkit.js';
import { nextRoot } from './support/webkit-next.js';

testPages({ 'the WebKit of Debian 13': { start: () => startWebKit({ root: nextRoot }), relaxed: true } });
