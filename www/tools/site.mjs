import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { posix, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** URL prefixes of the demo site and the directories behind them; the longest prefix that fits counts. */
export const siteFolders = {
  '/': resolve(repository, 'www'),
  '/rerank-wasm/': resolve(repository, 'pkg/dist'),
  '/rerank-wasm-mini/': resolve(repository, 'pkg/mini'),
};

const workerPath = '/service-worker.js';

/** The site as its URL paths show it. */
export class Site {
  #places;
  #digests = new Map();

  /** `folders` are added to the site's own, or take their place. */
  constructor(folders = {}) {
    this.#places = Object.entries({ ...siteFolders, ...folders }).sort(([left], [right]) => right.length - left.length);
  }

  /** The file behind a path as `{ path, facts }`; undefined where there is none. */
  async find(pathname) {
    const [prefix, folder] = this.#places.find(([start]) => pathname.startsWith(start)) ?? [];
    if (!folder || pathname.includes('\0')) return undefined;
    const path = resolve(folder, `./${pathname.slice(prefix.length) || 'index.html'}`);
    if (!path.startsWith(folder + sep)) return undefined;
    const facts = await stat(path).catch(() => undefined);
    return facts?.isFile() ? { path, facts } : undefined;
  }

  /** The service worker as it is served: it begins with the list of what it keeps. */
  async serviceWorker() {
    const files = [];
    for (const path of await this.reached()) {
      files.push({ path: path === '/' ? './' : path.slice(1), sha256: await this.#digest(path) });
    }
    const code = await this.#read(workerPath);
    const version = sha256(JSON.stringify(files) + code).slice(0, 16);
    return `const precache = ${JSON.stringify({ version, files })};\n${code}`;
  }

  /** The paths of all files that the page loads: what it names, what they name, and so on. */
  async reached() {
    const { imports } = JSON.parse(importMapOf(await this.#read('/')));
    const found = new Set(['/']);
    for (const path of found) {
      for (const reference of referencesIn(path, await this.#text(path))) {
        const next = posix.resolve(posix.dirname(path), imports[reference] ? `/${imports[reference]}` : reference);
        if (next !== workerPath) found.add(next);
      }
    }
    return [...found].sort();
  }

  async #text(path) {
    return path === '/' || path.endsWith('.js') ? this.#read(path) : '';
  }

  async #read(path) {
    return readFile(await this.#path(path), 'utf8');
  }

  async #path(pathname) {
    const file = await this.find(pathname);
    if (!file) throw new Error(`the page needs ${pathname}, which is not there`);
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

/** The page's import map, which has to stand in the page. */
export function importMapOf(page) {
  const [, importMap] = /<script type="importmap">(.*?)<\/script>/s.exec(page) ?? [];
  if (importMap === undefined) throw new Error('index.html has no import map');
  return importMap;
}

/** The page's own content security policy. */
export function policyOf(page) {
  const [, policy] = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(page) ?? [];
  if (policy === undefined) throw new Error('index.html has no content security policy');
  return policy;
}

function referencesIn(path, text) {
  const patterns =
    path === '/'
      ? [/\s(?:src|href)="([^"#][^"]*)"/g]
      : [
          /^\s*(?:import|export)\b[^'";]*\bfrom\s*['"]([^'"]+)['"]/gm,
          /^\s*import\s*['"]([^'"]+)['"]/gm,
          /\bnew URL\(\s*['"]([^'"]+)['"],\s*import\.meta\.url\s*\)/g,
        ];
  return patterns.flatMap((pattern) => Array.from(text.matchAll(pattern), ([, reference]) => reference));
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
