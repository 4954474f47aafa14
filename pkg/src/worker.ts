import { browserPlatform } from './browser.js';
import { type Scope, serve } from './worker-serve.js';

serve(globalThis as unknown as Scope, browserPlatform());
