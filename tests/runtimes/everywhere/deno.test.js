import { testRuntime } from './support/runtime.js';

testRuntime('deno', {
  test: ['test', '--allow-all', '--no-check'],
  careful: [
    'run',
    '--no-prompt',
    '--allow-read',
    '--allow-write',
    '--allow-net=127.0.0.1',
    '--allow-env',
    '--allow-sys=hostname',
  ],
});
