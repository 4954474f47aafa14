import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Miniflare } from 'miniflare';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** Miniflare's form of `run_worker_first` in a wrangler project. */
const workerFirst = { invoke_user_worker_ahead_of_assets: true, has_user_worker: true };

/** The types that wrangler reads files as by default, and those of the rule in `pkg/mini/README.md`. */
const moduleTypes = { '.js': 'ESModule', '.wasm': 'CompiledWasm', '.bin': 'Data', '.onnx': 'Data' };

/** Returns the file that a bundler for workerd would take for a package's name, or for a name below it. */
function entryOf(folder, name = '.') {
  const { exports } = JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8'));
  const { workerd } = exports[name];
  return join(folder, workerd.default ?? workerd);
}

/** Nothing imports these engines in workerd, so a bundler leaves them out. */
const otherEngines = ['rerank.wasm', 'rerank-threads.wasm', 'rerank-threads-simd.wasm'];

function modulesIn(folder) {
  const names = readdirSync(join(repository, folder), { recursive: true });
  return names
    .filter((name) => !otherEngines.includes(basename(name)))
    .map((name) => join(folder, name))
    .flatMap((name) => {
      const type = Object.entries(moduleTypes).find(([ending]) => name.endsWith(ending))?.[1];
      return type ? [{ type, path: name, contents: readFileSync(join(repository, name)) }] : [];
    });
}

function module(path) {
  return { type: 'ESModule', path, contents: readFileSync(join(repository, path)) };
}

/** Makes a module with the package's name. workerd looks for it beside the module that imports it. */
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
 * Starts workerd with the worker at `path` (below the repository), the package and the small model. `bindings` become
 * the worker's environment. So do the files of the folder `assets`, as `ASSETS`, and R2 buckets with the names in
 * `buckets`. `besides` are further modules that the worker imports. With `inspected`, tests can look at its memory.
 * `services` is the code of another worker, and names its entry points: the worker's environment has each of them as a
 * binding. `isWithPackage` and `isWithMini` can leave package and small model out. `onOutput` receives what workerd writes
 * to its standard output and error.
 */
export async function startWorkerd(
  path,
  {
    bindings,
    compatibilityFlags,
    assets,
    buckets = [],
    besides = [],
    services,
    isWithPackage = true,
    isWithMini = isWithPackage,
    inspected = false,
    onOutput = () => {},
  } = {},
) {
  const compatibilityDate = '2026-07-01';
  const worker = {
    name: 'worker',
    compatibilityDate,
    modulesRoot: '/',
    // With Miniflare's worker in front, ours would not learn that a client went away.
    unsafeDirectSockets: [{ host: '127.0.0.1' }],
    bindings,
    compatibilityFlags,
    r2Buckets: buckets,
    ...(services && { serviceBindings: bindingsOf(services) }),
    ...(assets && { assets: { directory: assets, binding: 'ASSETS', routerConfig: workerFirst } }),
    modules: [
      ...[path, ...besides].map(module),
      ...(isWithPackage
        ? [
            alias(path, 'rerank-wasm', 'pkg'),
            alias(path, 'rerank-wasm/edge', 'pkg', './edge'),
            alias(path, 'rerank-wasm/search', 'pkg', './search'),
            ...modulesIn('pkg/dist'),
          ]
        : []),
      ...(isWithMini ? [alias(path, 'rerank-wasm-mini', 'pkg/mini'), ...modulesIn('pkg/mini')] : []),
    ],
  };
  const other = { name: 'services', compatibilityDate, modules: true, script: services?.script };
  const miniflare = new Miniflare({
    ...(inspected && { inspectorPort: 0 }),
    handleRuntimeStdio(...streams) {
      for (const stream of streams) stream.on('data', onOutput);
    },
    workers: services ? [worker, other] : [worker],
  });
  await miniflare.ready;
  return miniflare;
}

function bindingsOf({ entrypoints }) {
  const bindings = Object.entries(entrypoints);
  return Object.fromEntries(bindings.map(([name, entrypoint]) => [name, { name: 'services', entrypoint }]));
}
