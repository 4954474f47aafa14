// run.mjs [GROUP...]: runs the groups of tests that are named, or all but those that want more than setup.sh test gives.
// A group that is skipped, if only in one of its Nodes, fails the run unless RERANK_WASM_ALLOW_SKIPS is 1.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { installedNodes, modernNode } from './support/programs/nodes.js';
import { runFiles } from './support/programs/runner.js';

const directory = fileURLToPath(new URL('.', import.meta.url));
const nodes = installedNodes();
const [pathNode] = nodes;
const modern = modernNode(nodes);

/** `nodes` are those that a group runs in, one after the other; `lacks` says why there are fewer than there should be. */
const groups = {
  unit: {
    files: ['common', 'engine', 'files', 'instance', 'reranker', 'workers'].flatMap((room) => filesOf(`unit/${room}`)),
    ...onBothNodes(),
    concurrency: 2,
  },
  node: { files: filesOf('runtimes/node'), ...onBothNodes(), concurrency: 2 },
  cli: { files: filesOf('unit/cli'), nodes: [pathNode], concurrency: 2 },
  adapters: { files: filesOf('unit/adapters'), ...onBothNodes() },
  edge: { files: filesOf('unit/edge'), ...onBothNodes() },
  package: { files: filesOf('package'), nodes: [pathNode] },
  chromium: { files: filesOf('runtimes/chromium'), nodes: [pathNode] },
  workerd: { files: filesOf('runtimes/workerd'), ...onModernNode() },
  'same-bits': { files: ['runtimes/same-bits.test.js'], ...onModernNode() },
  standin: { files: ['runtimes/standin.test.js', 'runtimes/full-tokenizer.test.js'], nodes: [pathNode] },
  examples: { files: filesOf('examples'), nodes: [pathNode] },
  imports: { files: filesOf('unit/imports'), nodes: [pathNode] },
  docs: { files: filesOf('docs'), nodes: [pathNode], concurrency: 2 },
  project: { files: filesOf('project'), nodes: [pathNode] },
};

/** What setup.sh everywhere installs the rest for. */
const groupsElsewhere = {
  runtimes: { files: ['runtimes/everywhere/runtimes.test.js'], nodes: [pathNode] },
  browsers: { files: ['runtimes/everywhere/browsers.test.js'], ...onModernNode() },
  bundlers: { files: ['runtimes/everywhere/bundlers.test.js'], nodes: [pathNode] },
  wrangler: { files: ['runtimes/everywhere/wrangler.test.js'], ...onModernNode() },
};

const allGroups = { ...groups, ...groupsElsewhere };

function filesOf(folder) {
  const names = readdirSync(join(directory, folder)).filter((name) => name.endsWith('.test.js'));
  return names.sort().map((name) => join(folder, name));
}

/** Test files that no group runs. */
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
  say(`no group is called ${unknown.join(', ')}; there are ${Object.keys(allGroups).join(', ')}`);
  process.exit(2);
}
if (forgotten().length > 0) {
  say(`no group runs ${forgotten().join(', ')}`);
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
