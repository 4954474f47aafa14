import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

import { launchOptions } from '../../js/support/chromium.js';
import { startWebKit } from './webkit.js';

/**
 * The browsers of this machine by name, each a function that starts one. It gives `visit(url)`, `run(action, argument)`,
 * which has the page run a function and gives what that resolves to, both as JSON, and `close()`.
 */
export const browsers = { Chromium: startChromium, Firefox: startFirefox, WebKit: startWebKit };

async function startChromium() {
  return driver(await chromium.launch(launchOptions()));
}

async function startFirefox() {
  return driver(
    await puppeteer.launch({
      browser: 'firefox',
      executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
      headless: true,
      protocolTimeout: 240_000,
    }),
  );
}

/** Playwright and Puppeteer have this much in common. */
async function driver(browser) {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  return {
    visit: (url) => page.goto(url),
    run: (action, argument) => page.evaluate(action, argument),
    close: () => browser.close(),
  };
}
