import resolve from '@rollup/plugin-node-resolve';
import { input } from './input.js';

export default { input, plugins: [resolve({ browser: true })], output: { dir: 'rollup' } };
