import { input } from './input.js';

export default { input, platform: 'browser', output: { dir: 'rolldown' } };
