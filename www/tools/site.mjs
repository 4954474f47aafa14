import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { posix, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Maps the URL prefixes of the demo site to directories. The longest prefix that fits counts. */
export const siteFolders = {
  '/': resolve(repository, 'www'),
  '/rerank-wasm/': resolve(repository, 'pkg/dist'),
  '/rerank-wasm-mini/': resolve(repository, 'pkg/mini'),
  '/rerank-wasm-recall/': resolve(repository, 'pkg/recall'),
  '/minisearch/': resolve(repository, 'node_modules/minisearch/dist/es'),
  '/pdfjs/': resolve(repository, 'node_modules/pdfjs-dist/legacy/build'),
  '/pdfjs/cmaps/': resolve(repository, 'node_modules/pdfjs-dist/cmaps'),
};

/** The page at the root, which ranks passages. */
export const firstPage = '/';

const workerPath = '/service-worker.js';
const tablesPath = '/pdfjs/cmaps/';

/** The demo site: its files by URL path. */
export class Site {
  #places;
  #digests = new Map();

  /** `folders` adds to `siteFolders` or replaces entries of it. */
  constructor(folders = {}) {
    this.#places = Object.entries({ ...siteFolders, ...folders }).sort(([left], [right]) => right.length - left.length);
  }

  /** Returns the file behind a URL path as `{ path, facts }`, or undefined if there is none. */
  async find(pathname) {
    const [prefix, folder] = this.#places.find(([start]) => pathname.startsWith(start)) ?? [];
    if (!folder || pathname.includes('\0')) return undefined;
    const path = resolve(folder, `./${pathname.slice(prefix.length) || 'index.html'}`);
    if (!path.startsWith(folder + sep)) return undefined;
    const facts = await stat(path).catch(() => undefined);
    return facts?.isFile() ? { path, facts } : undefined;
  }

  /** Returns the service worker's code. It begins with the list of the files that the worker keeps. */
  async serviceWorker() {
    const files = [];
    for (const path of [...(await this.reached()), ...(await this.#tablesOfPdf())]) {
      // The cache of the package keeps it.
      if (path.endsWith('.bundle')) continue;
      const file = { path: path === firstPage ? './' : path.slice(1), sha256: await this.#digest(path) };
      files.push(path.startsWith('/pdfjs/') ? { ...file, onUse: true } : file);
    }
    const code = await this.#read(workerPath);
    const version = sha256(JSON.stringify(files) + code).slice(0, 16);
    return `const precache = ${JSON.stringify({ version, files })};\n${code}`;
  }

  /** Returns the URL paths of the other pages, to which the first one leads. */
  async pages() {
    const references = referencesIn(firstPage, await this.#read(firstPage));
    return references
      .filter((reference) => reference.endsWith('.html'))
      .map((reference) => posix.resolve('/', reference));
  }

  /** Returns the URL paths of all files that the pages load, directly or through other files. */
  async reached() {
    const found = new Set([firstPage, ...(await this.pages())]);
    const imports = {};
    for (const path of found) {
      const text = await this.#text(path);
      if (isPage(path)) Object.assign(imports, JSON.parse(importMapOf(text)).imports);
      for (const reference of referencesIn(path, text)) {
        const next = posix.resolve(posix.dirname(path), imports[reference] ? `/${imports[reference]}` : reference);
        if (next !== workerPath && !isPage(next)) found.add(next);
      }
    }
    return [...found].sort();
  }

  /** Returns the URL paths of the tables that a PDF with text of East Asia may name. */
  async #tablesOfPdf() {
    const names = await readdir(this.#places.find(([prefix]) => prefix === tablesPath)[1]);
    return names.filter((name) => name.endsWith('.bcmap')).map((name) => tablesPath + name);
  }

  async #text(path) {
    return isPage(path) || path.endsWith('.js') ? this.#read(path) : '';
  }

  async #read(path) {
    return readFile(await this.#path(path), 'utf8');
  }

  async #path(pathname) {
    const file = await this.find(pathname);
    if (!file) throw new Error(`The page needs ${pathname}, and the site has no such file; run make build first.`);
    return file.path;
  }

  async #digest(pathname) {
    const path = await this.#path(pathname);
    const { size, mtimeMs } = await stat(path);
    const key = `${path} ${size} ${mtimeMs}`;
    if (!this.#digests.has(key)) this.#digests.set(key, sha256(await readFile(path)));
    return this.#digests.get(key);
  }
}

/** Returns the import map from the page's HTML. */
export function importMapOf(page) {
  const [, importMap] = /<script type="importmap">(.*?)<\/script>/s.exec(page) ?? [];
  if (importMap === undefined) throw new Error('index.html has no import map; add a <script type="importmap">.');
  return importMap;
}

/** Returns the content security policy from the page's HTML. */
export function policyOf(page) {
  const [, policy] = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(page) ?? [];
  if (policy === undefined)
    throw new Error('index.html has no content security policy; add it as a <meta http-equiv>.');
  return policy;
}

const isPage = (path) => path === firstPage || path.endsWith('.html');

function referencesIn(path, text) {
  const patterns = isPage(path)
    ? [/\s(?:src|href)="([^"#][^"]*)"/g]
    : [
        /^\s*(?:import|export)\b[^'";]*\bfrom\s*['"]([^'"]+)['"]/gm,
        /^\s*import\s*['"]([^'"]+)['"]/gm,
        /\bimport\(\s*['"](minisearch|pdfjs-dist|\.[^'"]+\.js)['"]\s*\)/g,
        /\bnew URL\(\s*['"]([^'"]+[^'"/])['"],\s*import\.meta\.url\s*\)/g,
      ];
  return patterns.flatMap((pattern) => Array.from(text.matchAll(pattern), ([, reference]) => reference));
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
