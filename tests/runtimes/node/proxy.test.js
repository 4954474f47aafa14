import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as ask, createServer } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tinyAt } from '../../support/models/tiny.js';
import { run } from '../../support/programs/command-line.js';
import { installedNodes, modernNode } from '../../support/programs/nodes.js';
import { startHub } from '../../support/servers/hub.js';

const fileOf = (path) => fileURLToPath(new URL(`../../support/${path}`, import.meta.url));
const hurry = fileOf('asserts/hurry.mjs');
const modern = modernNode(installedNodes())?.path;

describe('a proxy that the environment names', () => {
  let hub;
  let proxy;
  let proxied = 0;
  let model;
  before(async () => {
    hub = await startHub();
    const { host } = new URL(hub.url);
    const [name, port] = host.split(':');
    // Only the proxy knows where this host is.
    model = JSON.stringify(await tinyAt(hub)).replaceAll(host, 'models.invalid');
    proxy = createServer((request, response) => {
      proxied += 1;
      const { pathname } = new URL(request.url);
      ask(`${hub.url}${pathname}`, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      }).end();
    });
    proxy.on('connect', (_, client, head) => {
      proxied += 1;
      const server = connect(Number(port), name, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        server.write(head);
        client.pipe(server).pipe(client);
      });
      for (const socket of [client, server]) socket.on('error', () => {});
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
  });
  after(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await hub.close();
  });

  const plain = {
    NODE_USE_ENV_PROXY: undefined,
    NO_PROXY: undefined,
    no_proxy: undefined,
    RERANK_WASM_CACHE: '/dev/null',
  };

  function environment(more) {
    const { port } = proxy.address();
    const env = { ...process.env, ...plain, HTTP_PROXY: `http://127.0.0.1:${port}`, ...more };
    return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  }

  /** Loads the model in a process. Returns its exit code and what it wrote. */
  async function load(more, { node = process.execPath, worker = false } = {}) {
    proxied = 0;
    const words = ['--import', hurry, fileOf('models/load-model.mjs'), model, JSON.stringify({ worker })];
    const child = spawn(node, words, { env: environment(more), stdio: ['ignore', 'ignore', 'pipe'] });
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return { code, errors };
  }

  it('is named by the error of a download that does not use it', async () => {
    const { code, errors } = await load({});
    assert.deepEqual([code, proxied], [1, 0]);
    const advice = 'Node 22.21, 24 and newer use it if you set NODE_USE_ENV_PROXY=1 before the process starts.';
    assert.ok(errors.includes(`The environment's HTTP_PROXY is not used: ${advice}`), errors);
  });

  const old = installedNodes().find(({ version }) => Number.parseInt(version, 10) < 22)?.path;
  it('is named where NODE_USE_ENV_PROXY=1 is set and this Node does not know it', { skip: !old }, async () => {
    const { code, errors } = await load({ NODE_USE_ENV_PROXY: '1' }, { node: old });
    assert.deepEqual([code, proxied], [1, 0]);
    assert.match(errors, /The environment's HTTP_PROXY is not used: Node 22\.21, 24 and newer use it/);
  });

  it('is not named where it is not for this host, or where the server answered', async () => {
    for (const NO_PROXY of ['*', 'other.example, .invalid', 'models.invalid:80']) {
      const { code, errors } = await load({ NO_PROXY });
      assert.equal(code, 1);
      assert.match(errors, /download_failed/);
      assert.doesNotMatch(errors, /PROXY/, NO_PROXY);
    }
    const { errors } = await load({ HTTP_PROXY: '', http_proxy: '', HTTPS_PROXY: 'http://127.0.0.1:9' });
    assert.doesNotMatch(errors, /PROXY/);
  });

  it('is used with NODE_USE_ENV_PROXY=1', { skip: !modern }, async () => {
    const { code, errors } = await load({ NODE_USE_ENV_PROXY: '1' }, { node: modern, worker: true });
    assert.equal(code, 0, errors);
    assert.ok(proxied > 0);
  });

  it('is used by the command line', { skip: !modern }, async () => {
    proxied = 0;
    const base = 'http://models.invalid/tiny';
    const { code, errors } = await run(['--model', base, '--no-cache', 'query'], {
      input: 'a passage\n',
      node: modern,
      nodeOptions: ['--import', hurry],
      environment: environment({}),
    });
    assert.equal(code, 0, errors);
    assert.ok(proxied > 0);
  });
});
