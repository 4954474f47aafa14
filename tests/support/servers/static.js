import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream';

const mediaTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/**
 * Serves a directory as it is on 127.0.0.1. `headers` go with every answer. `requests` holds the requested paths.
 * `faults` maps a path to a function that answers in place of the file: `(request, response) => void`.
 */
export async function serveDirectory(directory, headers = {}) {
  const requests = [];
  const faults = new Map();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    requests.push(pathname);
    if (faults.has(pathname)) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      return faults.get(pathname)(request, response);
    }
    const path = join(directory, normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
    const facts = await stat(path).catch(() => undefined);
    if (!facts?.isFile()) return response.writeHead(404, headers).end();
    const type = mediaTypes[extname(path)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': facts.size, ...headers });
    pipeline(createReadStream(path), response, () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    faults,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
