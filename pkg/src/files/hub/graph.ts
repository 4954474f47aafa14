import { RerankError } from '../../common/errors.js';
import type { ListedFile } from './listing.js';
import { conversionsOf, listed } from './problems.js';

/** File names of graphs with int8 weights, best first. The first three are those that transformers.js loads. */
const int8 = [
  'model_quantized.onnx',
  'model_int8.onnx',
  'model_uint8.onnx',
  'model_qint8_avx512_vnni.onnx',
  'model_qint8_avx512.onnx',
  'model_qint8_arm64.onnx',
  'model_quint8_avx2.onnx',
];

const folders = ['onnx/', ''];

/** The paths that graphs usually have, best first: small and fast ones before exact ones. */
export const knownPaths: readonly string[] = [int8, ['model_fp16.onnx'], ['model.onnx']].flatMap((names) =>
  folders.flatMap((folder) => names.map((name) => folder + name)),
);

/** The place of the first path in `knownPaths` that is no int8 graph. */
const firstFloat = folders.length * int8.length;

/** Sentence Transformers names further int8 graphs after other processors. */
const otherInt8 = /^(onnx\/)?model_qu?int8_[\w.-]+\.onnx$/;

/** Names of files with the weights of a graph, such as `model.onnx_data`. */
const weights = /^[^/]+[._](data|weights)(_\d+)?$/;

/** Forms that the engine cannot run: weights of 4 bits, and graphs with operators of ONNX Runtime. */
const foreign = /(^|\/)model_(q[124]\w*|bnb4\w*|O[1-4]\w*)\.onnx$/;

/**
 * Chooses the graph of a repository by the names of its files.
 *
 * @throws `model_not_found`, `unsupported_model`
 */
export function chooseGraph(files: readonly ListedFile[], repository: string): ListedFile {
  const graphs = files.filter(({ path }) => path.endsWith('.onnx'));
  const candidates = ranked(graphs);
  const [best] = candidates;
  if (best) return best;
  if (graphs.length === 0) {
    throw new RerankError(
      'model_not_found',
      `The repository ${repository} has no ONNX file; ${conversionsOf(repository)}.`,
    );
  }
  if (graphs.every(({ path }) => foreign.test(path))) {
    const found = `The repository ${repository} has only ONNX files with 4-bit weights or for ONNX Runtime alone`;
    throw new RerankError('unsupported_model', `${found}: ${listed(paths(graphs))}; ${conversionsOf(repository)}.`);
  }
  const found = `The repository ${repository} has no ONNX file with a usual name`;
  throw new RerankError('model_not_found', `${found}; pass one of these as \`file\`: ${listed(paths(graphs))}.`);
}

/**
 * Finds the graph that the caller named.
 *
 * @throws `model_not_found`
 */
export function findGraph(path: string, files: readonly ListedFile[], repository: string): ListedFile {
  const graph = files.find((file) => file.path === path);
  if (graph) return graph;
  const graphs = paths(files.filter(({ path }) => path.endsWith('.onnx')));
  const has = graphs.length > 0 ? `its ONNX files are ${listed(graphs)}` : 'it has no ONNX file at all';
  throw new RerankError('model_not_found', `The repository ${repository} has no ${JSON.stringify(path)}; ${has}.`);
}

/** Returns the place of a path in the order of preference; -1 for a path that is never chosen. */
function rankOf(path: string): number {
  const rank = knownPaths.indexOf(path);
  if (rank >= 0 || !otherInt8.test(path)) return rank;
  // After the known int8 graphs of the same folder, before all that follow.
  return knownPaths.indexOf(`${path.startsWith('onnx/') ? 'onnx/' : ''}${int8.at(-1)}`) + 0.5;
}

/** Returns the graphs that may be chosen, best first. */
function ranked(files: readonly ListedFile[]): ListedFile[] {
  return files.filter(({ path }) => rankOf(path) >= 0).sort((a, b) => rankOf(a.path) - rankOf(b.path));
}

/** Returns the best graph other than `chosen`; undefined if there is none that the engine can run. */
export function findOther(chosen: ListedFile, files: readonly ListedFile[]): ListedFile | undefined {
  return ranked(files).find(({ path }) => path !== chosen.path);
}

/** True for the path of a graph with int8 weights. */
export function isInt8(path: string): boolean {
  const rank = rankOf(path);
  return rank >= 0 && rank < firstFloat;
}

/** Returns the files in a graph's folder that may hold weights, as those of graphs above 2 GB. */
export function companionsOf(graph: ListedFile, files: readonly ListedFile[]): ListedFile[] {
  const folder = graph.path.replace(/[^/]*$/, '');
  return files.filter(({ path }) => path.startsWith(folder) && weights.test(path.slice(folder.length)));
}

function paths(files: readonly ListedFile[]): string[] {
  return files.map(({ path }) => path);
}
