// Lists the contestants and makes each from the bytes of its file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';

/** Instantiates the module that build.sh made. Returns its exports and its memory. */
export function load(directory) {
  const glue = readFileSync(join(directory, 'tokenizer.js'), 'utf8');
  const bindings = runInThisContext(`(() => { const document = undefined; ${glue}; return wasm_bindgen; })()`);
  const { memory } = bindings.initSync({ module: readFileSync(join(directory, 'tokenizer_bg.wasm')) });
  return { module: bindings, memory };
}

const chunkBytes = 1 << 20;

function own(directory, bytes, finish = (reader) => reader.finish()) {
  const { module, memory } = load(directory);
  const before = memory.buffer.byteLength;
  return {
    make() {
      const reader = new module.Reader(bytes.length);
      for (let start = 0; start < bytes.length; start += chunkBytes)
        reader.push(bytes.subarray(start, start + chunkBytes));
      const tokenizer = finish(reader);
      return (text) => tokenizer.ids(text);
    },
    grown: () => memory.buffer.byteLength - before,
  };
}

/** Reads the file as the first load does, which makes the compact form for the cache. */
function converting(directory, bytes) {
  return own(directory, bytes, (reader) => reader.finishAndConvert(new Uint8Array(bytes.length)));
}

function crate(directory, bytes) {
  const { module, memory } = load(directory);
  const before = memory.buffer.byteLength;
  return {
    make() {
      const tokenizer = new module.Peer(bytes);
      return (text) => tokenizer.ids(text);
    },
    grown: () => memory.buffer.byteLength - before,
  };
}

async function huggingFace(_, bytes) {
  const package_ = await import('@huggingface/tokenizers').catch(() => undefined);
  if (package_ === undefined) return undefined;
  const text = bytes.toString();
  return {
    make() {
      const tokenizer = new package_.Tokenizer(JSON.parse(text), {});
      return (text) => tokenizer.encode(text, { add_special_tokens: false }).ids;
    },
  };
}

/** A contestant reads the form `file`. `ready` names its time to load, and `suffix` ends the names of its results. */
export const contestants = [
  {
    key: 'compact',
    suffix: '',
    file: 'compact',
    ready: 'ready_compact_s',
    start: own,
    memory: 'memory_mb',
    speed: true,
  },
  {
    key: 'json',
    suffix: '',
    file: 'json',
    ready: 'ready_json_s',
    start: own,
    memory: 'json_peak_mb',
    speed: false,
  },
  {
    key: 'convert',
    suffix: '',
    file: 'json',
    ready: 'ready_json_convert_s',
    start: converting,
    memory: 'json_convert_peak_mb',
    speed: false,
  },
  {
    key: 'crate',
    suffix: '.crate',
    file: 'json',
    ready: 'ready_json_s',
    start: crate,
    memory: 'memory_mb',
    speed: true,
  },
  {
    key: 'huggingface',
    suffix: '.huggingface',
    file: 'json',
    ready: 'ready_json_s',
    start: huggingFace,
    speed: true,
  },
];
