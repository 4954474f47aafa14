import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { after, before } from 'node:test';

/** Serves a handler over HTTP; port 0 is a free one. */
export function listen(handle, port) {
  const server = createServer((incoming, outgoing) => {
    serve(handle, incoming, outgoing).catch((error) => outgoing.destroy(error));
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

/** Serves a handler while the tests of the calling suite run; gives what gives its URL. */
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
  // No Request can have the method TRACE; PURGE is another that no endpoint takes.
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
