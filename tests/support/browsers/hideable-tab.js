import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Opens a tab that is hidden while another one is in front. A tab that Playwright drives counts as visible always, so this
 * one answers the protocol's messages through a session of the browser.
 */
export async function openHideableTab(browser, url) {
  const session = await browser.newBrowserCDPSession();
  const { targetId } = await session.send('Target.createTarget', { url });
  const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
  const waiting = new Map();
  session.on('Target.receivedMessageFromTarget', (event) => {
    if (event.sessionId !== sessionId) return;
    const { id, result, error } = JSON.parse(event.message);
    waiting.get(id)?.({ result, error });
  });
  let last = 0;

  async function send(method, params) {
    last += 1;
    const id = last;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) });
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  async function run(action, argument) {
    const expression = `(${action})(${JSON.stringify(argument)})`;
    const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception.description);
    return answer.result.value;
  }

  const isLoaded = (url) => location.href === url && document.readyState === 'complete';
  // The empty page before it goes away with its scripts.
  while (!(await run(isLoaded, url).catch(() => false))) await sleep(20);
  return {
    /** Calls a function in the page and returns its result. Argument and result travel as JSON. */
    run,
    show: () => session.send('Target.activateTarget', { targetId }),
    /** Puts another tab in front. */
    async hide() {
      const other = await session.send('Target.createTarget', { url: 'about:blank' });
      await session.send('Target.activateTarget', other);
    },
    /** Stops the scripts of a hidden page and of its workers, as the browser does after minutes. */
    freeze: () => send('Page.setWebLifecycleState', { state: 'frozen' }),
    thaw: () => send('Page.setWebLifecycleState', { state: 'active' }),
  };
}
