import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** URL prefixes and the directories behind them; the longest prefix that fits counts. */
const siteFolders = {
  '/': resolve(repository, 'www'),
  '/rerank-wasm/': resolve(repository, 'pkg/dist'),
  '/rerank-wasm-mini/': resolve(repository, 'pkg/mini'),
};

const mediaTypes = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/**
 * Serves the demo page on 127.0.0.1; port 0 takes a free one. `folders` adds URL prefixes, each ending in a slash, with
 * their directories.
 */
export async function serve({ port = 0, folders = {} } = {}) {
  const policy = contentSecurityPolicy(await readFile(resolve(siteFolders['/'], 'index.html'), 'utf8'));
  const places = Object.entries({ ...siteFolders, ...folders }).sort(([left], [right]) => right.length - left.length);
  const server = createServer(async (request, response) => {
    response.setHeader('Content-Security-Policy', policy);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cache-Control', 'no-cache');
    if (request.method !== 'GET') return refuse(response, 405);
    const file = await findFile(request.url, places);
    if (!file) return refuse(response, 404);
    response.setHeader('Content-Type', mediaTypes[extname(file.path)] ?? 'application/octet-stream');
    response.setHeader('Content-Length', file.size);
    pipeline(createReadStream(file.path), response, () => {});
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

/** Own files only. The import map has to stand in the page, so it is allowed by its hash. */
function contentSecurityPolicy(page) {
  const [, importMap] = /<script type="importmap">(.*?)<\/script>/s.exec(page) ?? [];
  if (importMap === undefined) throw new Error('index.html has no import map');
  const hash = createHash('sha256').update(importMap).digest('base64');
  return [
    "default-src 'self'",
    `script-src 'self' 'wasm-unsafe-eval' 'sha256-${hash}'`,
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

async function findFile(url, places) {
  let pathname;
  try {
    pathname = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return undefined;
  }
  const [prefix, folder] = places.find(([start]) => pathname.startsWith(start)) ?? [];
  if (!folder || pathname.includes('\0')) return undefined;
  const path = resolve(folder, `./${pathname.slice(prefix.length) || 'index.html'}`);
  if (!path.startsWith(folder + sep)) return undefined;
  const facts = await stat(path).catch(() => undefined);
  return facts?.isFile() ? { path, size: facts.size } : undefined;
}

function refuse(response, status) {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`HTTP ${status}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const { url } = await serve({ port: Number(process.env.PORT || 8080) });
    process.stdout.write(`${url}\n`);
  } catch (error) {
    if (error.code !== 'EADDRINUSE' && error.code !== 'ERR_SOCKET_BAD_PORT') throw error;
    process.stderr.write(`error: ${error.message}; PORT names another one\n`);
    process.exitCode = 1;
  }
}
