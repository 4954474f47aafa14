// Runs a contestant in a module worker of a page.
import { answering } from './answer.mjs';

const answer = answering();
addEventListener('message', async ({ data }) => postMessage(await answer(data)));
