import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { bundleFolder } from '../../support/models/standin.js';
import { useWorkerd } from '../../support/programs/workerd.js';

/** An isolate has 128 MB; this budget leaves a margin. */
const mostMemory = 110e6;
const mostWhileStreaming = 115e6;

const query = 'How does a heat pump warm a house in winter?';
const documents = Array.from({ length: 10 }, (_, index) => `Passage ${index} of many words. `.repeat(150));

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('the example worker with a model of the size of bge-reranker-base', () => {
  const workerd = useWorkerd('examples/cloudflare-worker-bundle/index.js', {
    assets: bundleFolder(),
    besides: ['examples/cloudflare-worker-bundle/limits.js'],
    bindings: { API_KEY: 'good-key' },
    compatibilityFlags: ['enable_request_signal'],
    inspected: true,
  });
  let inspector;
  /** V8's estimate for the engine's code, which isolates share. */
  let compiledCode;
  before(async () => {
    inspector = await workerd.inspect();
    compiledCode = (await inspector.usage()).external;
  });
  after(() => inspector?.close());

  async function rank(documents) {
    const headers = { authorization: 'Bearer good-key', 'content-type': 'application/json' };
    const body = JSON.stringify({ query, documents });
    const response = await workerd.fetch('/v1/rerank', { method: 'POST', headers, body });
    assert.equal(response.status, 200, await response.clone().text());
    return response.json();
  }

  /** Runs `work`. Returns its value and the most that the heap and array buffers took meanwhile. */
  async function watched(work) {
    let javascript = 0;
    let running = true;
    const watching = (async () => {
      while (running) {
        const usage = await inspector.usage();
        javascript = Math.max(javascript, usage.heap + usage.external - compiledCode);
        await pause(20);
      }
    })();
    const value = await work().finally(() => {
      running = false;
    });
    await watching;
    return { value, javascript };
  }

  it('loads the shards and answers within the memory of an isolate', async () => {
    const { value, javascript } = await watched(() => rank(['a short document']));
    const memory = await inspector.memoryBytes();
    print(`after the first answer: linear memory ${megabytes(memory)}, JavaScript at most ${megabytes(javascript)}`);
    assert.equal(value.model, 'bge-reranker-base');
    assert.ok(memory > 50e6);
    // The estimate for code must not contain linear memory.
    assert.ok(compiledCode < 40e6, megabytes(compiledCode));
    assert.ok(memory + javascript <= mostWhileStreaming, megabytes(memory + javascript));
  });

  it('ranks 10 documents of 512 tokens within it', async () => {
    const { value, javascript } = await watched(() => rank(documents));
    const memory = await inspector.memoryBytes();
    print(
      `with 10 documents of 512 tokens: linear memory ${megabytes(memory)}, JavaScript at most ${megabytes(javascript)}`,
    );
    assert.equal(value.usage.prompt_tokens, 5120);
    assert.ok(memory + javascript <= mostMemory, megabytes(memory + javascript));
  });

  it('keeps its model to itself', async () => {
    assert.equal((await workerd.fetch('/model.bundle.0')).status, 404);
  });
});

function print(what) {
  process.stdout.write(`workerd: ${what}\n`);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
