import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Miniflare } from 'miniflare';

import { Inspector } from './inspector.js';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** What `run_worker_first` of a wrangler project stands for. */
const workerFirst = { invoke_user_worker_ahead_of_assets: true, has_user_worker: true };

/** How wrangler reads files by itself, and the rule of `pkg/mini/README.md`. */
const moduleTypes = { '.js': 'ESModule', '.wasm': 'CompiledWasm', '.bin': 'Data', '.onnx': 'Data' };

/** What a bundler would find in workerd at a package's name, or at a name below it. */
function entryOf(folder, name = '.') {
  const { exports } = JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8'));
  const { workerd } = exports[name];
  return join(folder, workerd.default ?? workerd);
}

function modulesIn(folder) {
  const names = readdirSync(join(repository, folder), { recursive: true });
  return names
    .map((name) => join(folder, name))
    .flatMap((name) => {
      const type = Object.entries(moduleTypes).find(([ending]) => name.endsWith(ending))?.[1];
      return type ? [{ type, path: name, contents: readFileSync(join(repository, name)) }] : [];
    });
}

function module(path) {
  return { type: 'ESModule', path, contents: readFileSync(join(repository, path)) };
}

/** A module with the package's name, which is where workerd looks for it: beside the module that imports it. */
function alias(importer, name, folder, entry) {
  const path = join(dirname(importer), name);
  const target = relative(dirname(path), entryOf(folder, entry)).split(sep).join('/');
  return {
    type: 'ESModule',
    path,
    contents: `export * from '${target}'; import * as all from '${target}'; export default all.default;`,
  };
}

/**
 * Starts workerd with the worker at `path` (below the repository), the package and the small model before the tests of
 * the calling suite, and ends it after them. `bindings` become the worker's environment; so do the files of the folder
 * `assets`, as `ASSETS`, where there is one, and R2 buckets by the names in `buckets`. The modules in `besides` are those of
 * its own that the worker imports. With `inspected` its memory can be looked at.
 */
export function useWorkerd(
  path,
  { bindings, compatibilityFlags, assets, buckets = [], besides = [], inspected = false } = {},
) {
  let miniflare;
  let output = '';
  before(async () => {
    miniflare = new Miniflare({
      compatibilityDate: '2026-07-01',
      modulesRoot: '/',
      // Miniflare's own worker before ours would not tell it that a client went away.
      unsafeDirectSockets: [{ host: '127.0.0.1' }],
      bindings,
      compatibilityFlags,
      r2Buckets: buckets,
      ...(inspected && { inspectorPort: 0 }),
      ...(assets && { assets: { directory: assets, binding: 'ASSETS', routerConfig: workerFirst } }),
      handleRuntimeStdio(...streams) {
        for (const stream of streams) {
          stream.on('data', (data) => {
            output += data;
          });
        }
      },
      modules: [
        ...[path, ...besides].map(module),
        alias(path, 'rerank-wasm', 'pkg'),
        alias(path, 'rerank-wasm/edge', 'pkg', './edge'),
        alias(path, 'rerank-wasm-mini', 'pkg/mini'),
        ...modulesIn('pkg/dist'),
        ...modulesIn('pkg/mini'),
      ],
    });
    await miniflare.ready;
  });
  after(() => miniflare?.dispose());
  return {
    /** What workerd has written to its standard output and error. */
    output: () => output,
    /** Where the worker listens. */
    url: () => miniflare.unsafeGetDirectURL(),
    /** A connection to its inspector. */
    inspect: async () => Inspector.connect(await miniflare.getInspectorURL()),
    /** A bucket of the worker, to put objects into. */
    bucket: (name) => miniflare.getR2Bucket(name),
    /** The answer of the worker to a request to this path. */
    fetch: (path, init) => miniflare.dispatchFetch(`http://worker${path}`, init),
    /** What the worker answers to a request, from JSON to JSON. */
    async ask(request) {
      const response = await miniflare.dispatchFetch('http://worker/', {
        method: 'POST',
        body: JSON.stringify(request),
      });
      if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
      return response.json();
    },
  };
}
