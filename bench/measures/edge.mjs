// Measures a worker in workerd: its start, its first answer after the last byte of a bundle, and warm rankings.
import { once } from 'node:events';
import { createReadStream, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { startEdge } from '../hosts/workerd.mjs';
import { mixed, sameLength } from '../inputs.mjs';
import { times } from '../rounds.mjs';
import { median } from '../statistics.mjs';

const rounds = times(5);
const bundleWorker = ['bench/hosts/edge-worker.js', { isWithMini: false }];
const miniWorker = ['examples/cloudflare-worker/index.js', { bindings: { API_KEY: 'key' } }];
const short = { query: mixed().query, documents: mixed().documents.filter((_, index) => index % 2 === 0) };

export async function edge(report) {
  report.add('edge.start_ms', await startMilliseconds(bundleWorker), 'ms');
  report.add('edge.start_ms.mini', await startMilliseconds(miniWorker), 'ms');
  await measureBundle(report);
  await measureMini(report);
}

/** Measures the CPU time until a worker answers, less that of an empty worker: the start of its modules. */
async function startMilliseconds(worker) {
  const ours = [];
  const empty = [];
  for (let round = 0; round < rounds; round += 1) {
    empty.push(await reached(['bench/hosts/empty-worker.js', { isWithMini: false, isWithPackage: false }]));
    ours.push(await reached(worker));
  }
  return median(ours.map((milliseconds, round) => milliseconds - empty[round]));
}

async function reached(worker) {
  const started = await startEdge(...worker);
  await started.reach();
  const milliseconds = started.cpuMilliseconds();
  await started.stop();
  return milliseconds;
}

async function measureBundle(report) {
  const firsts = [];
  const firstsCpu = [];
  let perDocument;
  for (let round = 0; round < Math.ceil(rounds / 2); round += 1) {
    let worker;
    let sent;
    const server = await serveBundle(() => {
      sent = { time: performance.now(), cpu: worker.cpuMilliseconds() };
    });
    worker = await startEdge(bundleWorker[0], { ...bundleWorker[1], bindings: { BUNDLE: server.url } });
    try {
      await worker.rank({ query: short.query, documents: short.documents.slice(0, 1) });
      firsts.push((performance.now() - sent.time) / 1000);
      firstsCpu.push((worker.cpuMilliseconds() - sent.cpu) / 1000);
      perDocument ??= await cpuPerDocument(worker, times(2));
    } finally {
      await worker.stop();
      server.close();
    }
  }
  report.add('edge.first_answer_s', median(firsts), 's');
  report.add('edge.first_answer_s.cpu', median(firstsCpu), 's');
  report.add('edge.cpu_ms_per_document.bundle', perDocument, 'ms');
}

async function measureMini(report) {
  const worker = await startEdge(...miniWorker);
  try {
    await worker.rank(short);
    const warm = [];
    const cpu = worker.cpuMilliseconds();
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      await worker.rank(short);
      warm.push(performance.now() - start);
    }
    report.add('edge.mini_warm_ms', median(warm), 'ms');
    report.add('edge.mini_warm_ms.cpu', (worker.cpuMilliseconds() - cpu) / rounds, 'ms');
    report.add('edge.cpu_ms_per_document.mini', await cpuPerDocument(worker, rounds), 'ms');
  } finally {
    await worker.stop();
  }
}

/** Measures the warm process's CPU time for a document of 128 tokens. */
async function cpuPerDocument(worker, passes) {
  const { query, documents, maxTokens } = sameLength(8, 128);
  const input = { query, documents: documents.map((document) => cut(document, maxTokens)) };
  const { usage } = await worker.rank(input);
  const start = worker.cpuMilliseconds();
  for (let pass = 0; pass < passes; pass += 1) await worker.rank(input);
  return ((worker.cpuMilliseconds() - start) / passes / usage.prompt_tokens) * maxTokens;
}

/** Cuts a text to about this many tokens. */
function cut(text, tokens) {
  return text.slice(0, tokens * 4);
}

/** Serves the stand-in's bundle, and calls `onSent` after its last byte. */
async function serveBundle(onSent) {
  const folder = process.env.RERANK_WASM_BUNDLE;
  if (!folder)
    throw new Error('RERANK_WASM_BUNDLE is not set; run scripts/bench.sh, which makes the bundle and sets it.');
  const shards = readdirSync(folder)
    .filter((name) => /\.\d+$/.test(name))
    .sort((one, other) => Number(one.match(/\d+$/)) - Number(other.match(/\d+$/)));
  const server = createServer(async (_, response) => {
    response.once('finish', onSent);
    for (const shard of shards)
      for await (const chunk of createReadStream(join(folder, shard))) await write(response, chunk);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/model.bundle`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function write(response, chunk) {
  if (!response.write(chunk)) await once(response, 'drain');
}
