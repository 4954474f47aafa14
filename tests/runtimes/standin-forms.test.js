import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { chromium } from 'playwright-core';

import { serve } from '../../www/tools/serve.mjs';
import { bitsOf, logitsByIndex } from '../support/asserts/bits.js';
import { launchOptions, openPage } from '../support/browsers/chromium.js';
import { givenCall, standinFolders } from '../support/models/standin.js';
import { installedNodes, modernNode } from '../support/programs/nodes.js';

/** The graph has 279 MB. Linear memory holds it once. */
const mostMemory = 330e6;

/** What JavaScript may hold beside linear memory and beside what the caller holds. */
const mostBeside = 8e6;

/**
 * What a page's process may take beside linear memory and beside what the caller holds: compiled code, a worker and
 * garbage. A second copy of the file would take more.
 */
const mostOfProcess = 220e6;

const formsInNode = [
  'file: URL',
  'http: URL',
  'blob: URL',
  'data: URL',
  'data: URL as text',
  'Uint8Array',
  'ArrayBuffer',
  'Blob',
  'Blob of a file',
  'function with a stream',
  'pinned bytes',
];
const formsInPage = ['URL', 'Uint8Array', 'ArrayBuffer', 'Blob', 'data: URL', 'function'];

/** Chromium itself makes copies of these, and garbage of their pieces. */
const copiedByTheBrowser = ['data: URL', 'function'];

describe('a model of the size of bge-reranker-base, given in any form', () => {
  const site = fileURLToPath(new URL('chromium/site', import.meta.url));
  let server;
  let browser;
  let expected;
  before(async () => {
    server = await serve({ folders: { '/site/': site, ...standinFolders() } });
    browser = await chromium.launch(launchOptions(['--js-flags=--expose-gc', '--enable-precise-memory-info']));
    ({ logits: expected } = await loadInNode('file: URL'));
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Loads in a new process of a Node that can tell linear memory from other memory. */
  async function loadInNode(form) {
    const script = fileURLToPath(new URL('../support/models/load-given.mjs', import.meta.url));
    const { path } = modernNode(installedNodes());
    const { stdout } = await promisify(execFile)(path, ['--expose-gc', script, form, server.url]);
    return JSON.parse(stdout);
  }

  for (const form of formsInNode) {
    it(`loads in Node from a ${form}, with little memory beside it`, async () => {
      const { logits, memoryBytes, beside } = await loadInNode(form);
      print('Node', form, beside);
      assert.deepEqual(bitsOf(logits), bitsOf(expected));
      assert.ok(memoryBytes <= mostMemory, megabytes(memoryBytes));
      assert.ok(beside <= mostBeside, megabytes(beside));
    });
  }

  it('loads in Node from a Response that is one chunk, which is not copied into linear memory', async () => {
    const { logits, memoryBytes } = await loadInNode('function with bytes');
    assert.deepEqual(bitsOf(logits), bitsOf(expected));
    assert.ok(memoryBytes <= mostMemory, megabytes(memoryBytes));
  });

  for (const form of formsInPage) {
    it(`loads in a page from a ${form}, with little memory beside it`, async () => {
      const { page, close } = await openPage(browser, new URL('/site/', server.url).href);
      await page.evaluate(async (form) => {
        globalThis.given = await import('/site/given.js');
        globalThis.model = await globalThis.given.forms[form]();
      }, form);
      const growth = await watchRenderers(browser);
      const { results, memoryBytes } = await page.evaluate(
        (call) => globalThis.given.load(globalThis.model, call),
        givenCall,
      );
      const ofProcess = (await growth()) - memoryBytes;
      const beside = await page.evaluate((call) => globalThis.given.bytesBeside(globalThis.model, call), givenCall);
      await close();
      print('Chromium', form, beside);
      print("Chromium's process", form, ofProcess);
      assert.deepEqual(bitsOf(logitsByIndex(results)), bitsOf(expected));
      assert.ok(memoryBytes <= mostMemory, megabytes(memoryBytes));
      assert.ok(beside <= mostBeside, megabytes(beside));
      if (!copiedByTheBrowser.includes(form)) assert.ok(ofProcess <= mostOfProcess, megabytes(ofProcess));
    });
  }
});

/** Returns a function that returns by how much the process of a page has grown at its peak, the one that grew most. */
async function watchRenderers(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const before = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => [id, memoryOf(id, 'VmRSS')]);
  // From here on the kernel records the peak anew.
  for (const [id] of before) writeFileSync(`/proc/${id}/clear_refs`, '5');
  return () => Math.max(...before.map(([id, bytes]) => memoryOf(id, 'VmHWM') - bytes));
}

function memoryOf(process, name) {
  const [, kilobytes] = new RegExp(`${name}:\\s*(\\d+) kB`).exec(readFileSync(`/proc/${process}/status`, 'utf8'));
  return Number(kilobytes) * 1024;
}

function print(where, form, bytes) {
  process.stdout.write(`${where}: ${form}: ${megabytes(bytes)} beside linear memory\n`);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
