import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { miniDirectory } from '../paths.js';
import { Repositories } from './repositories.js';

/**
 * Starts a server with the mini model below `/mini/`. `faults` maps a path to a function that answers in place of the
 * file: `(request, response) => void`. `requests` holds the requested paths. `repositories` serves those that a test
 * publishes, with a second server for their large files.
 */
export async function startHub() {
  const repositories = new Repositories();
  await repositories.start();
  const faults = new Map();
  const requests = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://hub');
    requests.push(request.url);
    const fault = faults.get(pathname);
    if (fault) fault(request, response);
    else if (repositories.answer(request, response) === false) sendFile(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    model: `${url}/mini`,
    faults,
    requests,
    repositories,
    async close() {
      await repositories.close();
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
