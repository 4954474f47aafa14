import { RerankError } from '../../common/errors.js';
import { addressableBytes, type OtherGraph } from '../resolved.js';
import type { ListedFile } from './listing.js';
import { type Holder, listed } from './problems.js';

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

const fp16 = 'model_fp16.onnx';

const fp32 = 'model.onnx';

const folders = ['onnx/', ''];

/** The paths that graphs usually have, best first: small and fast ones before exact ones. */
export const knownPaths: readonly string[] = pathsOf([int8, [fp16], [fp32]]);

/** The same paths as a conversion takes them: exact ones first. `src/bin/rerank/files.rs` has both orders, too. */
export const exactPaths: readonly string[] = pathsOf([[fp32], [fp16], int8]);

/** The place of the first path in `knownPaths` that is no int8 graph. */
const firstFloat = folders.length * int8.length;

/** Sentence Transformers names further int8 graphs after other processors. */
const otherInt8 = /^(onnx\/)?model_qu?int8_[\w.-]+\.onnx$/;

/** Names of files with the weights of a graph, such as `model.onnx_data`. */
const weights = /^[^/]+[._](data|weights)(_\d+)?$/;

/** The end of such a name behind the name of one graph without `.onnx`. */
const ownWeights = /^(\.onnx)?[._](data|weights)(_\d+)?$/;

/** Forms that the engine cannot run: weights of 4 bits, and graphs with operators of ONNX Runtime. */
const foreign = /(^|\/)model_(q[124]\w*|bnb4\w*|O[1-4]\w*)\.onnx$/;

/** A graph, and the best other one that the engine can run. */
export interface GraphChoice {
  graph: ListedFile;
  other: ListedFile | undefined;
}

/**
 * Chooses the graph of a repository or a directory: the one at the path `file`. Without `file`, the names and the sizes
 * of the files decide.
 *
 * @throws `model_not_found`, `unsupported_model`, `out_of_memory`
 */
export function chooseGraph(files: readonly ListedFile[], file: string | undefined, holder: Holder): GraphChoice {
  const graph = file === undefined ? bestGraph(files, holder) : findGraph(file, files, holder);
  return { graph, other: usable(files).find(({ path }) => path !== graph.path) };
}

function bestGraph(files: readonly ListedFile[], { name, advice }: Holder): ListedFile {
  const [best] = usable(files);
  if (best) return best;
  const [smallest] = ranked(files).sort((a, b) => memoryOf(a, files) - memoryOf(b, files));
  if (smallest) throw tooLarge(smallest, files, { name, advice });
  const graphs = files.filter(isGraph);
  if (graphs.length === 0) throw new RerankError('model_not_found', `The ${name} has no ONNX file; ${advice}.`);
  if (graphs.every(({ path }) => foreign.test(path))) {
    const found = `The ${name} has only ONNX files with 4-bit weights or for ONNX Runtime alone`;
    throw new RerankError('unsupported_model', `${found}: ${listed(paths(graphs))}; ${advice}.`);
  }
  const found = `The ${name} has no ONNX file with a usual name`;
  throw new RerankError('model_not_found', `${found}; pass one of these as \`file\`: ${listed(paths(graphs))}.`);
}

function findGraph(path: string, files: readonly ListedFile[], holder: Holder): ListedFile {
  const graph = files.find((file) => file.path === path);
  if (graph && fits(graph, files)) return graph;
  if (graph) throw tooLarge(graph, files, holder);
  const graphs = paths(files.filter(isGraph));
  const found = `The ${holder.name} has no ${JSON.stringify(path)}`;
  const none = `and no other ONNX file was found; ${holder.advice}`;
  const others = graphs.length > 0 ? `; its ONNX files are ${listed(graphs)}` : `, ${none}`;
  throw new RerankError('model_not_found', `${found}${others}.`);
}

/** The folders to list if only some can be listed: those of the usual paths, and that of `file`. */
export function foldersWith(file: string | undefined): string[] {
  return [...new Set([...folders, folderOf(file ?? '')])];
}

/** Returns the place of a path in the order of preference; -1 for a path that is never chosen. */
function rankOf(path: string): number {
  const rank = knownPaths.indexOf(path);
  if (rank >= 0 || !otherInt8.test(path)) return rank;
  // After the known int8 graphs of the same folder, before all that follow.
  return knownPaths.indexOf(`${path.startsWith('onnx/') ? 'onnx/' : ''}${int8.at(-1)}`) + 0.5;
}

/** Returns the graphs that may be chosen by their names, best first. */
function ranked(files: readonly ListedFile[]): ListedFile[] {
  return files.filter(({ path }) => rankOf(path) >= 0).sort((a, b) => rankOf(a.path) - rankOf(b.path));
}

/** Returns those that the engine can hold, too. */
function usable(files: readonly ListedFile[]): ListedFile[] {
  return ranked(files).filter((graph) => fits(graph, files));
}

function fits(graph: ListedFile, files: readonly ListedFile[]): boolean {
  return memoryOf(graph, files) <= addressableBytes;
}

/**
 * Returns how much memory a graph and its weights take at least. Sizes that are unknown count as 0, and so do weights in
 * files that are not named after the graph.
 */
function memoryOf(graph: ListedFile, files: readonly ListedFile[]): number {
  const bytes = [graph, ...files.filter((file) => isDataOf(graph, file))].reduce((sum, { size = 0 }) => sum + size, 0);
  // The engine widens floats of 16 bits.
  return nameOf(graph.path) === fp16 ? 2 * bytes : bytes;
}

/** True for a file with weights that is named after the graph. */
export function isDataOf(graph: Pick<ListedFile, 'path'>, { path }: Pick<ListedFile, 'path'>): boolean {
  const stem = graph.path.replace(/\.onnx$/, '');
  return path.startsWith(stem) && ownWeights.test(path.slice(stem.length));
}

/** The failure for a graph that is larger than the engine's memory, before any of it is downloaded. */
function tooLarge(graph: ListedFile, files: readonly ListedFile[], { name, advice }: Holder): RerankError {
  const size = `${gigabytes(memoryOf(graph, files))} of memory with its weights`;
  const limit = `WebAssembly can address ${gigabytes(addressableBytes)}`;
  const unusual = files.filter((file) => isGraph(file) && rankOf(file.path) < 0 && !foreign.test(file.path));
  const smaller = paths([...usable(files), ...unusual.filter((file) => fits(file, files))]);
  const instead = smaller.length > 0 ? `pass a smaller one as \`file\`: ${listed(smaller)}` : advice;
  const found = `The ONNX file ${graph.path} of the ${name} takes ${size}, and ${limit}`;
  return new RerankError('out_of_memory', `${found}; ${instead}.`);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** Describes a graph beside the model's by its path. */
export function otherGraph(path: string): OtherGraph {
  return { path, int8: isInt8(path) };
}

/** True for the path of a graph with int8 weights. */
export function isInt8(path: string): boolean {
  const rank = rankOf(path);
  return rank >= 0 && rank < firstFloat;
}

/** Returns the files in a graph's folder that may hold weights, as those of graphs above 2 GB. */
export function companionsOf(graph: ListedFile, files: readonly ListedFile[]): ListedFile[] {
  const folder = folderOf(graph.path);
  return files.filter(({ path }) => path.startsWith(folder) && weights.test(path.slice(folder.length)));
}

function paths(files: readonly ListedFile[]): string[] {
  return files.map(({ path }) => path);
}

function pathsOf(kinds: readonly (readonly string[])[]): string[] {
  return kinds.flatMap((names) => folders.flatMap((folder) => names.map((name) => folder + name)));
}

function isGraph({ path }: ListedFile): boolean {
  return path.endsWith('.onnx');
}

/** Returns the folder of a path with its slash; empty for the root. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
