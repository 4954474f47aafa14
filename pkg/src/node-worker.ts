import { nodePlatform } from './platforms/node.js';
import { threadScope } from './platforms/node-workers.js';
import { serve } from './workers/serve.js';

serve(threadScope(), nodePlatform);
