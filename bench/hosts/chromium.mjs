import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

const args = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser with one page of `server`; every contestant that it starts gets a module worker of its own. */
export async function startChromium(server) {
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage();
  await page.goto(`${server.url}/blank.html`);

  async function start(settings) {
    const worker = await page.evaluateHandle(() => new Worker('/bench/hosts/worker.mjs', { type: 'module' }));
    async function call(method, argument) {
      const answer = await worker.evaluate(
        (worker, message) =>
          new Promise((resolve) => {
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = ({ message }) => resolve({ error: `the worker failed: ${message}` });
            worker.postMessage(message);
          }),
        { method, argument },
      );
      if (answer.error) throw new Error(answer.error);
      return answer.value;
    }
    return {
      loaded: await call('load', settings),
      call,
      stop: () => worker.evaluate((worker) => worker.terminate()),
    };
  }

  return { version: browser.version(), start, close: () => browser.close() };
}
