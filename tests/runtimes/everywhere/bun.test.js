import { limitMilliseconds, testRuntime } from './support/runtime.js';

testRuntime('bun', { test: ['test', `--timeout=${limitMilliseconds}`], careful: [] });
