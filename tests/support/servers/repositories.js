import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { withRanges } from './faults.js';

/** A file of this size or more is a large file (LFS), which the hub keeps on another server. */
const largeBytes = 64 * 1024;

const cors = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-error-code, link',
};

/**
 * The repositories of a hub, as huggingface.co serves them: the interface that lists their files, the files, and a second
 * server with the large files. `seen` holds `{ server, method, url, authorization, range }` for each request.
 */
export class Repositories {
  seen = [];
  /** Maps a path of the second server to a function that answers in place of the file. */
  storeFaults = new Map();
  #repositories = new Map();
  #store;
  #objects = new Map();

  /**
   * Adds a repository. `files` maps paths to bytes. With `token`, it is private. `pageFiles` is the length of a page of
   * the list. `entries` are added to the list as they are.
   */
  publish(name, files, { commit = 'c0ffee'.padEnd(40, '0'), pageFiles = 1000, token, gated, entries = [] } = {}) {
    const listed = Object.entries(files).map(([path, bytes]) => listedFile(path, bytes));
    for (const bytes of Object.values(files)) if (isLarge(bytes)) this.#objects.set(sha256(bytes), bytes);
    this.#repositories.set(name, { files, commit, pageFiles, token, gated, list: [...listed, ...entries] });
    return { commit };
  }

  clear() {
    this.#repositories.clear();
    this.storeFaults.clear();
    this.seen.length = 0;
  }

  /** Starts the second server. */
  async start() {
    this.#store = createServer((request, response) => {
      this.#note('store', request);
      const { pathname } = new URL(request.url, 'http://store');
      if (request.method === 'OPTIONS') return allow(response);
      for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
      const bytes = this.#objects.get(pathname.slice(1));
      const fault = this.storeFaults.get(pathname);
      if (fault) return fault(request, response);
      return bytes ? withRanges(bytes)(request, response) : response.writeHead(404).end();
    });
    this.#store.listen(0, '127.0.0.1');
    await once(this.#store, 'listening');
  }

  get storeUrl() {
    return `http://127.0.0.1:${this.#store.address().port}`;
  }

  async close() {
    this.#store.closeAllConnections();
    this.#store.close();
    await once(this.#store, 'close');
  }

  /** Answers a request to the hub; false if it is about no repository. */
  answer(request, response) {
    const url = new URL(request.url, `http://${request.headers.host}`);
    const [, name, action, revision, rest] =
      /^\/(?:api\/models\/)?([^/]+\/[^/]+)\/(revision|tree|resolve)\/([^/]+)(?:\/(.*))?$/.exec(url.pathname) ?? [];
    if (name === undefined) return false;
    this.#note('hub', request);
    if (request.method === 'OPTIONS') return allow(response);
    for (const [header, value] of Object.entries(cors)) response.setHeader(header, value);
    const repository = this.#repositories.get(name);
    const refused = (status, reason) => response.writeHead(status, { 'x-error-code': reason }).end(reason);
    const authorised = request.headers.authorization === `Bearer ${repository?.token}`;
    if (!repository || (repository.token && !authorised)) return refused(401, 'RepoNotFound');
    if (repository.gated && action === 'resolve') return refused(401, 'GatedRepo');
    if (!['main', repository.commit].includes(decodeURIComponent(revision))) return refused(404, 'RevisionNotFound');
    if (action === 'revision') return json(response, { id: name, sha: repository.commit });
    if (action === 'tree') return sendPage(url, response, repository);
    const bytes = repository.files[decodeURIComponent(rest)];
    if (!bytes) return refused(404, 'EntryNotFound');
    if (!isLarge(bytes)) return response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    return response.writeHead(302, { location: `${this.storeUrl}/${sha256(bytes)}?signature=1` }).end();
  }

  #note(server, { method, url, headers: { authorization, range } }) {
    if (method !== 'OPTIONS') this.seen.push({ server, method, url, authorization, range });
  }
}

function listedFile(path, bytes) {
  const oid = createHash('sha1').update(bytes).digest('hex');
  const file = { type: 'file', oid, size: bytes.length, path };
  return isLarge(bytes) ? { ...file, lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } } : file;
}

function sendPage(url, response, { list, pageFiles }) {
  const start = Number(url.searchParams.get('cursor') ?? 0);
  const end = start + pageFiles;
  if (end < list.length) {
    url.searchParams.set('cursor', end);
    // A mirror may pass the header of the hub that it mirrors on.
    url.host = 'elsewhere.invalid';
    response.setHeader('link', `<${url.href}>; rel="next"`);
  }
  return json(response, list.slice(start, end));
}

function json(response, value) {
  return response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
}

function allow(response) {
  response.writeHead(204, { ...cors, 'access-control-allow-headers': 'authorization, range, if-range' }).end();
}

function isLarge(bytes) {
  return bytes.length >= largeBytes;
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
