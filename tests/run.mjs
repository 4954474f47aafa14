// run.mjs [GROUP...]: runs these groups of tests. Without names it runs all that `setup.sh test` prepares.
// A skipped group fails the run, even if only one of its Nodes is missing. RERANK_WASM_ALLOW_SKIPS=1 allows it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { lacksWebKitNext } from './runtimes/everywhere/support/webkit-next.js';
import { installedNodes, modernNode } from './support/programs/nodes.js';
import { runFiles } from './support/programs/runner.js';

const directory = fileURLToPath(new URL('.', import.meta.url));
const nodes = installedNodes();
const [pathNode] = nodes;
const modern = modernNode(nodes);

/** This file watches that the page draws every frame, so no other file runs beside it. */
const frames = 'runtimes/chromium/main-thread.test.js';

/** A group runs in each of `nodes`, one after the other. `lacks` says why a Node is missing. */
const groups = {
  unit: {
    files: [
      'cache',
      'common',
      'embedder',
      'engine',
      'files',
      'instance',
      'opening',
      'reranker',
      'search',
      'workers',
    ].flatMap((room) => filesOf(`unit/${room}`)),
    ...onBothNodes(),
    concurrency: 2,
  },
  node: { files: filesOf('runtimes/node'), ...onBothNodes(), concurrency: 2 },
  cli: { files: filesOf('unit/cli'), nodes: [pathNode], concurrency: 2 },
  adapters: { files: filesOf('unit/adapters'), ...onBothNodes(), concurrency: 2 },
  edge: { files: filesOf('unit/edge'), ...onBothNodes(), concurrency: 2 },
  package: { files: filesOf('package'), nodes: [pathNode] },
  chromium: {
    files: filesOf('runtimes/chromium').filter((file) => file !== frames),
    nodes: [pathNode],
    concurrency: 2,
  },
  frames: { files: [frames], nodes: [pathNode] },
  workerd: { files: filesOf('runtimes/workerd'), ...onModernNode(), concurrency: 2 },
  'same-bits': { files: ['runtimes/same-bits.test.js'], ...onModernNode() },
  standin: {
    files: ['standin', 'standin-forms', 'full-tokenizer'].map((name) => `runtimes/${name}.test.js`),
    nodes: [pathNode],
  },
  l12: { files: ['runtimes/l12.test.js'], ...onBothNodes() },
  embedder: { files: ['runtimes/embedder.test.js'], ...onModernNode() },
  webkit: { files: ['runtimes/webkit.test.js'], ...onModernNode() },
  examples: { files: filesOf('examples'), nodes: [pathNode], concurrency: 2 },
  imports: { files: filesOf('project/imports'), nodes: [pathNode] },
  docs: { files: filesOf('docs'), nodes: [pathNode], concurrency: 2 },
  project: { files: filesOf('project'), nodes: [pathNode] },
};

/** Groups that need what `setup.sh everywhere` installs. */
const groupsElsewhere = {
  runtimes: {
    files: ['bun', 'deno'].map((name) => `runtimes/everywhere/${name}.test.js`),
    nodes: [pathNode],
    concurrency: 2,
  },
  'all-minilm': { files: ['runtimes/everywhere/all-minilm.test.js'], nodes: [pathNode] },
  browsers: { files: ['runtimes/everywhere/browsers.test.js'], ...onModernNode() },
  'webkit-next': { files: ['runtimes/everywhere/webkit-next.test.js'], ...withWebKitNext() },
  bundlers: {
    files: ['bundlers', 'jest', 'typescript'].map((name) => `runtimes/everywhere/${name}.test.js`),
    nodes: [pathNode],
  },
  wrangler: { files: ['runtimes/everywhere/wrangler.test.js'], ...onModernNode() },
};

const allGroups = { ...groups, ...groupsElsewhere };

function filesOf(folder) {
  const names = readdirSync(join(directory, folder)).filter((name) => name.endsWith('.test.js'));
  return names.sort().map((name) => join(folder, name));
}

/** Returns the test files that no group runs. */
function forgotten() {
  const known = new Set(Object.values(allGroups).flatMap(({ files }) => files));
  const all = readdirSync(directory, { recursive: true }).filter((name) => name.endsWith('.test.js'));
  return all.filter((name) => !name.includes('node_modules') && !known.has(name));
}

function onBothNodes() {
  if (!modern) return { nodes: [pathNode], lacks: 'no second, newer Node is installed' };
  return { nodes: [...new Set([pathNode, modern])] };
}

function onModernNode() {
  return modern ? { nodes: [modern] } : { nodes: [], lacks: 'it needs Node 22 or newer' };
}

function withWebKitNext() {
  const lacks = lacksWebKitNext();
  return lacks ? { nodes: [], lacks } : onModernNode();
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

async function runGroup(name, total) {
  const { files, nodes, lacks, concurrency } = allGroups[name];
  for (const { path, version } of nodes) {
    const title = `${name} (Node ${version})`;
    say(`── ${title}`);
    const started = performance.now();
    const { passed, failed, skipped, failures } = await runFiles(path, files, { concurrency });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}, ${seconds} s`);
    total.passed += passed;
    total.failed += failed;
    total.failures.push(...failures.map((name) => `✖ ${title}: ${name}`));
    if (passed + failed === 0) total.empty.push(title);
  }
  if (lacks) {
    total.skipped.push(name);
    say(`── ${name}: skipped, ${lacks}`);
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in allGroups));
if (unknown.length > 0) {
  say(`No group of tests is called ${unknown.join(', ')}; the groups are ${Object.keys(allGroups).join(', ')}.`);
  process.exit(2);
}
const unused = forgotten();
if (unused.length > 0) {
  say(`No group runs ${unused.join(', ')}; add each file to a group in tests/run.mjs.`);
  process.exit(2);
}
const total = { passed: 0, failed: 0, failures: [], empty: [], skipped: [] };
for (const name of wanted.length > 0 ? wanted : Object.keys(groups)) await runGroup(name, total);
if (total.skipped.length > 0) say(`skipped, at least in part: ${total.skipped.join(', ')}`);
if (total.empty.length > 0) say(`no test ran: ${total.empty.join(', ')}`);
for (const failure of total.failures) say(failure);
say(`${total.passed} passed, ${total.failed} failed`);
const missing = process.env.RERANK_WASM_ALLOW_SKIPS === '1' ? 0 : total.skipped.length;
if (total.failed + total.empty.length + missing > 0) process.exitCode = 1;
