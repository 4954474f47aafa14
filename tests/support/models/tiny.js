import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const directory = new URL('../../fixtures/standin-tiny/', import.meta.url);

/** The directory of the tiny model. */
export const tinyDirectory = fileURLToPath(directory);

/** The tiny model's files by role. */
const paths = { model: 'onnx/model_quantized.onnx', tokenizer: 'tokenizer.json', config: 'config.json' };

/** A model with random weights, from files on this machine. It is ready at once and takes little memory. */
export const tiny = { name: 'tiny', files: mapped((path) => new URL(path, directory)) };

/** Adds the tiny model to a hub. Returns it as files of the hub. */
export async function tinyAt(hub) {
  for (const path of Object.values(paths)) {
    const bytes = await readFile(new URL(path, directory));
    hub.faults.set(`/tiny/${path}`, (_, response) =>
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes),
    );
  }
  return { name: 'tiny', files: mapped((path) => new URL(`${hub.url}/tiny/${path}`)) };
}

/** Returns the tiny model's files as a repository has them: bytes by path. */
export async function tinyRepository() {
  const entries = Object.values(paths).map(async (path) => [path, await readFile(new URL(path, directory))]);
  return Object.fromEntries(await Promise.all(entries));
}

/** Returns the tiny model as bytes. */
export async function tinyBytes() {
  const files = {};
  for (const [role, path] of Object.entries(paths))
    files[role] = new Uint8Array(await readFile(new URL(path, directory)));
  return { name: 'tiny', files };
}

function mapped(locate) {
  return Object.fromEntries(Object.entries(paths).map(([role, path]) => [role, locate(path)]));
}
