// The settings that load each contestant: paths of the server in a page, files in Node.
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

import { standin as standinModel } from './models.mjs';
import { engines, mini, packageDirectory, preferred, repository, standin } from './paths.mjs';

const onnxruntime = packageDirectory('onnxruntime-web');
const transformers = packageDirectory('@huggingface/transformers');
// transformers.js pins another onnxruntime-web.
const transformersRuntime = packageDirectory('onnxruntime-web', transformers);

const served = (path) => `/${relative(repository, path)}`;
const local = (path) => pathToFileURL(path).href;

export const inPage = {
  ours: (engine, origin, { folder, graph } = standinModel) => ({
    contestant: '/bench/contestants/ours.mjs',
    module: '/pkg/dist/index.js',
    wasm: `${origin}/${engines[engine]}`,
    model: `${origin}/models/${folder}/${graph}`,
    tokenizer: `${origin}/models/${folder}/tokenizer.json`,
    config: `${origin}/models/${folder}/config.json`,
  }),
  /** The package chooses the engine. */
  threads: (threads, origin) => ({ ...inPage.ours(preferred, origin), wasm: undefined, threads }),
  /** The package chooses the engine for its small model. */
  mini: (threads, origin) => ({
    ...inPage.threads(threads, origin),
    model: `${origin}/pkg/mini/onnx/model_quantized.onnx`,
    tokenizer: `${origin}/pkg/mini/tokenizer.json`,
    config: `${origin}/pkg/mini/config.json`,
  }),
  onnxruntime: (threads, { folder, graph } = standinModel) => ({
    threads,
    contestant: '/bench/contestants/onnxruntime.mjs',
    module: served(join(onnxruntime, 'dist/ort.wasm.bundle.min.mjs')),
    wasmPaths: `${served(join(onnxruntime, 'dist'))}/`,
    model: `/models/${folder}/${graph}`,
  }),
  transformers: () => ({
    contestant: '/bench/contestants/transformers.mjs',
    module: served(join(transformers, 'dist/transformers.min.js')),
    wasmPaths: `${served(join(transformersRuntime, 'dist'))}/`,
    models: '/models/',
    name: 'standin',
  }),
  embedder: (engine, origin, model) => ({
    ...inPage.ours(engine, origin, model),
    contestant: '/bench/contestants/ours-embedding.mjs',
  }),
  transformersEmbedder: ({ folder }) => ({
    ...inPage.transformers(),
    contestant: '/bench/contestants/transformers-embedding.mjs',
    name: folder,
  }),
};

const oursInNode = (directory) => (engine) => ({
  contestant: local(join(repository, 'bench/contestants/ours.mjs')),
  module: local(join(repository, 'pkg/dist/node.js')),
  wasm: local(join(repository, engines[engine])),
  model: local(join(directory, 'onnx/model_quantized.onnx')),
  tokenizer: local(join(directory, 'tokenizer.json')),
  config: local(join(directory, 'config.json')),
});

export const inNode = {
  ours: oursInNode(standin),
  mini: oursInNode(mini),
  onnxruntime: () => ({
    contestant: local(join(repository, 'bench/contestants/onnxruntime.mjs')),
    module: local(join(onnxruntime, 'dist/ort.node.min.mjs')),
    model: join(standin, 'onnx/model_quantized.onnx'),
  }),
};
