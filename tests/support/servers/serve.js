import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { after, before } from 'node:test';

/** Serves a handler over HTTP. Port 0 stands for a free one. */
export function listen(handle, port) {
  const server = createServer((incoming, outgoing) => {
    serve(handle, incoming, outgoing).catch((error) => outgoing.destroy(error));
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

/** Serves a handler while the tests of the calling suite run. Returns a function that returns the URL. */
export function useServer(handle) {
  let server;
  before(async () => {
    server = await listen(handle, 0);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return () => `http://127.0.0.1:${server.address().port}`;
}

async function serve(handle, incoming, outgoing) {
  const { headers, url } = incoming;
  // A `Request` cannot have the method TRACE. PURGE stands for it, since no endpoint takes that either.
  const method = incoming.method === 'TRACE' ? 'PURGE' : incoming.method;
  const client = new AbortController();
  outgoing.on('close', () => client.abort());
  const body = method === 'GET' || method === 'HEAD' ? undefined : Readable.toWeb(incoming);
  const response = await handle(
    new Request(`http://${headers.host}${url}`, { method, headers, body, duplex: 'half', signal: client.signal }),
  );
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}
