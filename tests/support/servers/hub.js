import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { miniDirectory } from '../paths.js';

/**
 * Starts a server with the mini model below `/mini/`. `faults` maps a path to a function that answers in place of the
 * file: `(request, response) => void`. `requests` holds the requested paths.
 */
export async function startHub() {
  const faults = new Map();
  const requests = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://hub');
    requests.push(request.url);
    const answer = faults.get(pathname) ?? sendFile;
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    model: `${url}/mini`,
    faults,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function sendFile(request, response) {
  const { pathname } = new URL(request.url, 'http://hub');
  const file = createReadStream(join(miniDirectory, pathname.replace(/^\/mini\//, '')));
  file.on('error', () => response.writeHead(404).end());
  file.on('open', () => file.pipe(response));
}
