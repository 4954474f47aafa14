import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

import { launchOptions } from '../../../support/browsers/chromium.js';
import { startWebKit } from './webkit.js';

/**
 * The browsers of this machine by name, each a function that starts one with a tab. A tab has `visit(url)`,
 * `run(action, argument)`, which has the page run a function and gives what that resolves to, both as JSON, and `close()`;
 * the browser is its first tab, whose end is that of the browser, and has `newTab()`. What a tab runs may keep the others from
 * running anything meanwhile.
 */
export const browsers = { Chromium: startChromium, Firefox: startFirefox, WebKit: startWebKit };

/** How long a browser may take for a step; a loaded machine may take its time. */
const patienceMilliseconds = 120_000;

async function startChromium() {
  const browser = await chromium.launch(launchOptions());
  const context = await browser.newContext();
  return driver(browser, () => context.newPage());
}

/** `quota` is how many bytes a site may keep; without it that is a part of the disk. */
export async function startFirefox({ quota } = {}) {
  // A site gets a fifth of what all have, in KiB.
  const limit = quota && { 'dom.quotaManager.temporaryStorage.fixedLimit': Math.ceil((5 * quota) / 1024) };
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: { ...limit },
    timeout: patienceMilliseconds,
    protocolTimeout: 2 * patienceMilliseconds,
  });
  return driver(browser, () => browser.newPage());
}

/** Playwright and Puppeteer have this much in common. */
async function driver(browser, newPage) {
  const newTab = async () => {
    const page = await newPage();
    page.setDefaultTimeout(patienceMilliseconds);
    return {
      visit: (url) => page.goto(url),
      run: (action, argument) => page.evaluate(action, argument),
      close: () => page.close(),
    };
  };
  return { ...(await newTab()), newTab, close: () => browser.close() };
}
