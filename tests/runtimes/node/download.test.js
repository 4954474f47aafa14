import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

import { createReranker as create } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';

import { openUrl } from '#internal/files/download.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { hurry } from '../../support/asserts/time.js';
import { miniFile } from '../../support/models/mini.js';
import { engineUrl } from '../../support/paths.js';
import { inTurn, status } from '../../support/servers/faults.js';
import { startHub } from '../../support/servers/hub.js';

const graph = '/mini/onnx/model_quantized.onnx';
const createReranker = (options) => create({ cache: 'none', ...options });

describe('download', () => {
  hurry();
  let hub;
  before(async () => {
    hub = await startHub();
  });
  beforeEach(() => {
    hub.faults.clear();
    hub.requests.length = 0;
  });
  after(() => hub.close());

  it('takes a base URL, as text with a slash or without, or as URL', async () => {
    for (const model of [hub.model, `${hub.model}/`, new URL(hub.model)]) {
      const reranker = await createReranker({ model });
      assert.equal((await reranker.rerank('query', ['text'])).length, 1);
      await reranker.dispose();
    }
  });

  it('keeps the query of a base URL', async () => {
    await rejectsWith(createReranker({ model: `${hub.url}/none?token=1` }), 'model_not_found');
    assert.deepEqual(hub.requests, ['/none/config.json?token=1', '/none/tokenizer.json?token=1']);
  });

  it('finds published models on a mirror', async () => {
    const error = await rejectsWith(createReranker({ hub: `${hub.url}/mirror/` }), 'model_not_found');
    const path = '/mirror/Xenova/bge-reranker-base/resolve/280bcc27a84e0b898c251e06fddb25171bd9b101/config.json';
    assert.deepEqual(hub.requests, [path]);
    assert.ok(error.message.includes(hub.url + path));
  });

  const unpinned = {
    'bge-reranker-large': ['Xenova/bge-reranker-large', graph],
    'bge-reranker-v2-m3': ['onnx-community/bge-reranker-v2-m3-ONNX', graph],
    'mmarco-mMiniLMv2-L12-H384-v1': [
      'cross-encoder/mmarco-mMiniLMv2-L12-H384-v1',
      '/mini/onnx/model_qint8_avx512_vnni.onnx',
    ],
    'ms-marco-MiniLM-L-6-v2': ['Xenova/ms-marco-MiniLM-L-6-v2', graph],
  };

  for (const [name, [repository, graphAtHub]] of Object.entries(unpinned)) {
    it(`takes ${name} as the hub has it`, async () => {
      const base = `/${repository}/resolve/main`;
      const paths = ['/config.json', '/tokenizer.json', graphAtHub.replace('/mini', '')].map((path) => base + path);
      const files = ['config.json', 'tokenizer.json', 'onnx/model_quantized.onnx'];
      for (const [index, path] of paths.entries()) {
        hub.faults.set(path, async (_, response) => response.end(await miniFile(files[index])));
      }
      const reranker = await createReranker({ model: name, hub: hub.url });
      assert.equal((await reranker.statistics()).model, name);
      await reranker.dispose();
      assert.deepEqual(hub.requests, paths);
    });
  }

  it('reports how far it is', async () => {
    const events = [];
    const reranker = await createReranker({ model: hub.model, onProgress: (event) => events.push(event) });
    await reranker.dispose();
    assert.deepEqual(
      events.filter(({ phase }) => phase !== 'download').map(({ phase, file }) => `${phase} ${file}`),
      ['verify config', 'verify tokenizer', 'verify model', `load ${hub.model}`, `load ${hub.model}`],
    );
    const graphEvents = events.filter(({ phase, file }) => phase === 'download' && file === 'model');
    assert.equal(graphEvents[0].loaded, 0);
    assert.equal(graphEvents.at(-1).loaded, mini.files.model.size);
    for (const [place, { loaded }] of graphEvents.entries())
      assert.ok(place === 0 || loaded > graphEvents[place - 1].loaded);
    assert.equal(events.at(-1).loaded, events.at(-1).total);
  });

  it('has totals from Content-Length, and none where the body is compressed', async () => {
    const config = await miniFile('config.json');
    const totals = async () => {
      const seen = new Set();
      const onProgress = ({ phase, file, total }) => phase === 'download' && file === 'config' && seen.add(total);
      hub.faults.set('/mini/tokenizer.json', (_, response) => response.writeHead(404).end());
      await rejectsWith(createReranker({ model: hub.model, onProgress }), 'model_not_found');
      return [...seen];
    };
    hub.faults.set('/mini/config.json', (_, response) =>
      response.writeHead(200, { 'content-length': config.length }).end(config),
    );
    assert.deepEqual(await totals(), [config.length]);
    const packed = gzipSync(config);
    hub.faults.set('/mini/config.json', (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed),
    );
    assert.deepEqual(await totals(), [undefined]);
  });

  it('has totals from the pin, whatever the server says', async () => {
    const config = await miniFile('config.json');
    const packed = gzipSync(config);
    hub.faults.set('/mini/config.json', (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed),
    );
    const totals = new Set();
    const onProgress = ({ phase, file, total }) => phase === 'download' && file === 'config' && totals.add(total);
    const files = {
      model: `${hub.url}${graph}`,
      tokenizer: `${hub.model}/tokenizer.json`,
      config: { location: `${hub.model}/config.json`, size: config.length },
    };
    await (await createReranker({ model: { name: 'pinned', files }, onProgress })).dispose();
    assert.deepEqual([...totals], [config.length]);
  });

  const page = '<!DOCTYPE html><html><body>Sign in</body></html>';
  const send = (status, headers, body) => (_, response) => response.writeHead(status, headers).end(body);
  const faults = [
    ['404', 'model_not_found', /: the server answered with HTTP 404; check the URL\.$/, send(404, {}, '')],
    ['410', 'model_not_found', /: the server answered with HTTP 410; check the URL\.$/, send(410, {}, '')],
    ['401', 'download_failed', /HTTP 401; check the URL and/, send(401, {}, '')],
    ['500', 'download_failed', /HTTP 500; try again later\.$/, send(500, {}, 'oops')],
    ['a page', 'download_failed', /web page/, send(200, { 'content-type': 'text/html; charset=utf-8' }, page)],
    [
      'a page that says it is a file',
      'download_failed',
      /web page/,
      send(200, { 'content-type': 'application/octet-stream' }, `\ufeff\n ${page}`),
    ],
    ['an empty file', 'invalid_model', /model/, send(200, {}, '')],
    ['something else', 'invalid_model', /model/, send(200, {}, 'version https://git-lfs.github.com/spec/v1')],
    [
      'a connection that is cut',
      'download_failed',
      /model_quantized/,
      cut({ 'content-length': mini.files.model.size }),
    ],
    ['a connection that is cut without a length', 'download_failed', /model_quantized/, cut({})],
    ['a connection that is refused', 'download_failed', /model_quantized/, (request) => request.socket.destroy()],
    ['a redirect without end', 'download_failed', /model_quantized/, send(302, { location: graph }, '')],
  ];

  for (const [what, code, message, answer] of faults) {
    it(`${what} instead of the graph is ${code}`, async () => {
      hub.faults.set(graph, answer);
      const error = await rejectsWith(createReranker({ model: hub.model }), code, message);
      assert.ok(error.message.includes(hub.url) || code === 'invalid_model', error.message);
    });
  }

  it('a server that is not there is download_failed with its cause', async () => {
    const error = await rejectsWith(createReranker({ model: 'http://127.0.0.1:1/mini' }), 'download_failed');
    assert.ok(error.cause instanceof Error);
  });

  it('a server that falls silent is download_failed', async () => {
    hub.faults.set('/silent', () => {});
    hub.faults.set('/half', (_, response) => response.writeHead(200).write('half'));
    const limits = { signal: undefined, stallMilliseconds: 50 };
    await rejectsWith(
      openUrl(`${hub.url}/silent`, limits),
      'download_failed',
      /silent could .*: the server stopped sending\.$/,
    );
    const { chunks } = await openUrl(`${hub.url}/half`, limits);
    const read = async () => {
      for await (const chunk of chunks) assert.equal(chunk.length, 4);
    };
    await rejectsWith(read(), 'download_failed', /half could .*: the server stopped sending\.$/);
  });

  it('a wrong pinned size or hash is integrity_mismatch', async () => {
    const files = { model: hub.url + graph, tokenizer: `${hub.model}/tokenizer.json` };
    const config = `${hub.model}/config.json`;
    for (const pin of [{ size: 757 }, { size: 759 }, { size: 0 }, { sha256: '0'.repeat(64) }]) {
      const model = { name: 'pinned', files: { ...files, config: { location: config, ...pin } } };
      await rejectsWith(createReranker({ model }), 'integrity_mismatch', /config/);
    }
    assert.ok(hub.requests.every((path) => path === '/mini/config.json'));
  });

  it('an abort ends the connection at once', async () => {
    const controller = new AbortController();
    let closed;
    const connectionClosed = new Promise((resolve) => {
      closed = resolve;
    });
    hub.faults.set(graph, (request, response) => {
      request.socket.on('close', closed);
      response.writeHead(200).write(Buffer.alloc(100_000, 8));
      setTimeout(() => controller.abort('enough'), 20);
    });
    const error = await rejectsWith(createReranker({ model: hub.model, signal: controller.signal }), 'aborted');
    assert.equal(error.cause, 'enough');
    await connectionClosed;
  });

  it('an abort before the headers ends the wait', async () => {
    hub.faults.set('/mini/config.json', () => {});
    await rejectsWith(createReranker({ model: hub.model, signal: AbortSignal.timeout(30) }), 'aborted');
  });

  it('nothing is asked for when the signal has spoken', async () => {
    await rejectsWith(createReranker({ model: hub.model, signal: AbortSignal.abort() }), 'aborted');
    assert.deepEqual(hub.requests, []);
  });

  it('an onProgress that throws fails the creation', async () => {
    const cause = new Error('mine');
    const onProgress = () => {
      throw cause;
    };
    const error = await rejectsWith(createReranker({ model: hub.model, onProgress }), 'invalid_input', /onProgress/);
    assert.equal(error.cause, cause);
  });

  it('the engine may come from a URL', async () => {
    const engine = await readFile(engineUrl);
    hub.faults.set(
      '/engine',
      inTurn(status(503), (_, response) => response.writeHead(200, { 'content-type': 'application/wasm' }).end(engine)),
    );
    await (await createReranker({ model: hub.model, wasm: `${hub.url}/engine` })).dispose();
    hub.faults.set('/engine', (_, response) => response.writeHead(404).end());
    await rejectsWith(
      createReranker({ model: hub.model, wasm: `${hub.url}/engine` }),
      'download_failed',
      /^The WebAssembly file of the engine is missing: .*engine could/,
    );
    hub.faults.set('/engine', send(200, { 'content-type': 'text/html' }, page));
    await rejectsWith(createReranker({ model: hub.model, wasm: `${hub.url}/engine` }), 'download_failed', /web page/);
    hub.faults.set('/engine', send(200, { 'content-type': 'application/wasm' }, 'nothing'));
    await rejectsWith(
      createReranker({ model: hub.model, wasm: `${hub.url}/engine` }),
      'download_failed',
      /^The file of the engine is not WebAssembly: /,
    );
  });
});

/** Sends the beginning of the file, then ends the connection. */
function cut(headers) {
  return (request, response) => {
    response.writeHead(200, headers);
    response.write(Buffer.alloc(100_000, 8), () => request.socket.destroy());
  };
}
