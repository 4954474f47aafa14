// Measures the first stage: an index of 20,000 passages in Node, and in Chromium a page that opens one of 1,000.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openProfile } from '../hosts/chromium.mjs';
import { passages } from '../inputs.mjs';
import { probe } from '../probe.mjs';
import { times } from '../rounds.mjs';
import { median } from '../statistics.mjs';

const large = 20_000;
const small = 1_000;
const query = 'What is the capital of France?';

/** The browser keeps these files, as it does for a page that works offline. */
const imports = {
  minisearch: '/kept/node_modules/minisearch/dist/es/index.js',
  'rerank-wasm': '/kept/pkg/dist/index.js',
  'rerank-wasm/search': '/kept/pkg/dist/search.js',
  'rerank-wasm-mini': '/kept/pkg/mini/index.js',
  'rerank-wasm-recall': '/kept/pkg/recall/index.js',
};

export async function search(report, server) {
  const { addSeconds, queryMs, scanMs, bytesPerChunk } = await probe('search', [String(large)]);
  report.add(`search.scan_ms.${large}`, scanMs, 'ms');
  report.add(`search.query_ms.${large}`, queryMs, 'ms');
  report.add(`search.add_ms_a_chunk.${large}`, (1000 * (addSeconds[0] + addSeconds[1])) / large, 'ms');
  report.add(`search.add_second_half_over_first.${large}`, addSeconds[1] / addSeconds[0], 'ratio');
  report.add('search.bytes_a_chunk', bytesPerChunk, 'bytes');
  report.add(`search.cold_s.${small}`, await coldStart(server), 's');
}

/**
 * Returns the seconds from the start of a page to its first reranked list. An earlier visit left the index and the files in
 * the browser.
 */
async function coldStart(server) {
  const profile = await mkdtemp(join(tmpdir(), 'rerank-wasm-bench-'));
  const visit = async (run, argument) => {
    const { page, stop } = await openProfile(profile);
    try {
      const start = performance.now();
      await page.goto(`${server.url}/blank.html`);
      await page.evaluate(addImportMap, imports);
      await page.evaluate(run, argument);
      return (performance.now() - start) / 1000;
    } finally {
      await stop();
    }
  };
  try {
    const texts = passages(small).map((text, index) => `${text} ${index}`);
    await visit(index, texts);
    await visit(firstList, query);
    const seconds = [];
    for (let round = 0; round < times(3); round += 1) seconds.push(await visit(firstList, query));
    return median(seconds);
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
}

function addImportMap(imports) {
  const script = document.createElement('script');
  script.type = 'importmap';
  script.textContent = JSON.stringify({ imports });
  document.head.append(script);
}

/** Runs in the page. */
async function index(texts) {
  const { createEmbedder } = await import('rerank-wasm');
  const { createSearch } = await import('rerank-wasm/search');
  const { default: recall } = await import('rerank-wasm-recall');
  const search = await createSearch({ embedder: createEmbedder({ model: recall }), name: 'bench' });
  await search.add(texts.map((text, index) => ({ id: String(index), text })));
  await search.dispose();
}

/** Runs in the page. */
async function firstList(query) {
  const { createEmbedder, createReranker } = await import('rerank-wasm');
  const { createSearch } = await import('rerank-wasm/search');
  const { default: mini } = await import('rerank-wasm-mini');
  const { default: recall } = await import('rerank-wasm-recall');
  const search = await createSearch({
    embedder: createEmbedder({ model: recall }),
    reranker: createReranker({ model: mini }),
    name: 'bench',
  });
  const [{ stages }] = await search.search(query, { candidates: 30 });
  if (stages.rerank?.rank !== 1) throw new Error('the list was not reranked');
}
