import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { after, before } from 'node:test';

/** Serves a handler over HTTP while the tests of the calling suite run; gives what gives its URL. */
export function useServer(handle) {
  const server = createServer((incoming, outgoing) => {
    serve(handle, incoming, outgoing).catch((error) => outgoing.destroy(error));
  });
  before(() => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve)));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return () => `http://127.0.0.1:${server.address().port}`;
}

async function serve(handle, incoming, outgoing) {
  const { method, headers, url } = incoming;
  const client = new AbortController();
  outgoing.on('close', () => client.abort());
  const body = method === 'GET' || method === 'HEAD' ? undefined : Readable.toWeb(incoming);
  const response = await handle(
    new Request(`http://${headers.host}${url}`, { method, headers, body, duplex: 'half', signal: client.signal }),
  );
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}
