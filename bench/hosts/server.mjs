import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

import { modelsFolder, repository } from '../paths.mjs';

const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Below this path, the browser may keep the files of the checkout, and the code that it compiled from them. */
const kept = '/kept/';
const roots = { '/models/': modelsFolder, [kept]: repository, '/': repository };

/** Serves the checkout and the models on a free port. */
export async function startServer() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://bench');
    // Pages need these two headers for threads. The pages of another name for this machine go without.
    if (request.headers.host.startsWith('127.0.0.1')) {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
    }
    if (pathname === '/blank.html') return response.setHeader('content-type', 'text/html').end('<!doctype html>');
    const [prefix, root] = Object.entries(roots).find(([prefix]) => pathname.startsWith(prefix));
    const path = normalize(join(root, decodeURIComponent(pathname.slice(prefix.length))));
    const stat =
      path.startsWith(root + sep) || root.endsWith(sep) ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (!stat?.isFile()) return response.writeHead(404).end();
    // Outside the HTTP cache the browser keeps no compiled code of an engine, so each first pass starts cold.
    response.writeHead(200, {
      'cache-control': prefix === kept ? 'max-age=86400, immutable' : 'no-store',
      'content-length': stat.size,
      'content-type': types[extname(path)] ?? 'application/octet-stream',
    });
    createReadStream(path).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    unisolatedUrl: `http://localhost:${server.address().port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
