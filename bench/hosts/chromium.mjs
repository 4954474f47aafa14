import { chromium } from 'playwright-core';

import { peakBytes } from './peak.mjs';

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

/**
 * Starts a contestant in a module worker of a page of `server`, in a new browser. Pages of one browser would share a module's
 * compiled code, and a few large models would exceed the memory limit of one renderer.
 */
export async function startInChromium({ url }, settings) {
  const browser = await chromium.launch({ executablePath, args });
  const stop = () => browser.close();
  try {
    const page = await browser.newPage();
    await page.goto(`${url}/blank.html`);
    const worker = await page.evaluateHandle(() => new Worker('/bench/hosts/worker.mjs', { type: 'module' }));
    const call = (method, argument) => callWorker(worker, { method, argument });
    return { loaded: await call('load', settings), call, peakBytes: () => rendererPeak(browser), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Opens a page of a browser that keeps what its pages store in the directory `profile`. */
export async function openProfile(profile) {
  const context = await chromium.launchPersistentContext(profile, { executablePath, args });
  return { page: await context.newPage(), stop: () => context.close() };
}

/** Returns the peak memory of the page's process, in bytes. */
async function rendererPeak(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return Math.max(...processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => peakBytes(id)));
}

async function callWorker(worker, call) {
  const { value, error } = await worker.evaluate(
    (worker, call) =>
      new Promise((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => resolve({ error: `The worker failed before it answered: ${message}` });
        worker.postMessage(call);
      }),
    call,
  );
  if (error) throw new Error(error);
  return value;
}
