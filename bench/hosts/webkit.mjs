import { startWebKit } from '../../tests/runtimes/everywhere/support/webkit.js';

/**
 * Starts a contestant in a page of `server`, in a new WebKitGTK. It is on the page itself, so it must compute in a worker.
 * `version` is the browser's.
 */
export async function startInWebKit({ url }, settings) {
  const { version, visit, run, close } = await startWebKit();
  const call = async (method, argument) => {
    const { value, error } = await run(answerInPage, { method, argument });
    if (error) throw new Error(error);
    return value;
  };
  try {
    await visit(`${url}/blank.html`);
    return { loaded: await call('load', settings), call, version, stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs in the page. */
async function answerInPage(call) {
  const { answering } = await import('/bench/hosts/answer.mjs');
  globalThis.answer ??= answering();
  return globalThis.answer(call);
}
