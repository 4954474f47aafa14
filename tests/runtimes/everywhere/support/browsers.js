import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

import { launchOptions } from '../../../support/browsers/chromium.js';
import { crash, startWebKit } from './webkit.js';

/**
 * The browsers of this machine by name. `start` starts a browser and returns its first tab, with `newTab()` and
 * `version`. The browser ends with its first tab. A tab has `visit(url)`, `run(action, argument)` and `close()`. `run`
 * calls a function in the page and returns its result. Argument and result travel as JSON. A tab that runs something may
 * hold the others up. `relaxed` tells whether the browser has relaxed SIMD. `crashes` matches the errors of a load that
 * are the browser's, and that the next load does not have.
 */
export const browsers = {
  Chromium: { start: startChromium, relaxed: true },
  Firefox: { start: startFirefox, relaxed: true },
  WebKit: { start: startWebKit, relaxed: false, crashes: crash },
};

/** The time limit of a browser's step, with room for a busy machine. */
const patienceMilliseconds = 120_000;

async function startChromium() {
  const browser = await chromium.launch(launchOptions());
  const context = await browser.newContext();
  return driver(browser, await browser.version(), () => context.newPage());
}

/** `quota` is the number of bytes that a site may keep. The default is a part of the disk. */
export async function startFirefox({ quota } = {}) {
  // Firefox grants a site a fifth of this limit, which is in KiB.
  const limit = quota && { 'dom.quotaManager.temporaryStorage.fixedLimit': Math.ceil((5 * quota) / 1024) };
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: { ...limit },
    timeout: patienceMilliseconds,
    protocolTimeout: 2 * patienceMilliseconds,
  });
  return driver(browser, await browser.version(), () => browser.newPage());
}

/** Wraps the methods that Playwright and Puppeteer have in common. */
async function driver(browser, version, newPage) {
  const newTab = async () => {
    const page = await newPage();
    page.setDefaultTimeout(patienceMilliseconds);
    return {
      visit: (url) => page.goto(url),
      run: (action, argument) => page.evaluate(action, argument),
      close: () => page.close(),
    };
  };
  return { ...(await newTab()), version, newTab, close: () => browser.close() };
}
