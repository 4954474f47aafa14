import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { pipeline } from 'node:stream';
import { pathToFileURL } from 'node:url';

import { firstPage, policyOf, Site } from './site.mjs';

const mediaTypes = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/**
 * Serves the demo page on 127.0.0.1. Port 0 takes a free port. `folders` maps further URL prefixes, which end in a slash, to
 * directories. `isolated` sends the headers that a page needs for threads: those of all browsers and that of Chromium, or
 * with `'document'` the latter alone.
 */
export async function serve({ port = 0, folders = {}, isolated = false } = {}) {
  const site = new Site(folders);
  const policies = new Map();
  for (const page of [firstPage, ...(await site.pages())]) policies.set(page, await policy(site, page));
  const answer = async (request, response) => {
    const path = pathOf(request.url);
    response.setHeader('Content-Security-Policy', policies.get(path) ?? policies.get(firstPage));
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cache-Control', 'no-cache');
    if (isolated) response.setHeader('Document-Isolation-Policy', 'isolate-and-credentialless');
    if (isolated === true) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    if (request.method !== 'GET') return refuse(response, 405);
    if (path === '/service-worker.js') {
      response.setHeader('Content-Type', mediaTypes['.js']);
      return response.end(await site.serviceWorker());
    }
    const file = await site.find(path);
    if (!file) return refuse(response, 404);
    const { size, mtimeMs } = file.facts;
    const tag = `"${size}-${mtimeMs}"`;
    response.setHeader('ETag', tag);
    if (request.headers['if-none-match'] === tag) return response.writeHead(304).end();
    response.setHeader('Content-Type', mediaTypes[extname(file.path)] ?? 'application/octet-stream');
    response.setHeader('Content-Length', size);
    pipeline(createReadStream(file.path), response, () => {});
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => fail(response, error));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Returns the policy of a page for its header. A meta element cannot hold frame-ancestors, so the header adds it. */
async function policy(site, page) {
  const { path } = await site.find(page);
  return `${policyOf(await readFile(path, 'utf8'))}; frame-ancestors 'none'`;
}

/** Returns the path of a request. A malformed URL gets the empty path, which no file has. */
function pathOf(url) {
  try {
    return decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return '';
  }
}

/** Answers a request that the server cannot serve: a file of the site is missing, or went while the server read it. */
function fail(response, error) {
  process.stderr.write(`error: ${error.message}\n`);
  if (response.headersSent) response.destroy();
  else refuse(response, 500);
}

function refuse(response, status) {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`HTTP ${status}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const { url } = await serve({ port: Number(process.env.PORT || 8080), isolated: true });
    process.stdout.write(`${url}\n`);
  } catch (error) {
    if (error.code !== 'EADDRINUSE' && error.code !== 'ERR_SOCKET_BAD_PORT') throw error;
    process.stderr.write(`error: ${error.message}; set PORT to another port\n`);
    process.exitCode = 1;
  }
}
