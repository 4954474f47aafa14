#!/usr/bin/env bash
# build.sh: Rust to pkg/dist/wasm, TypeScript to pkg/dist, mini's tokenizer to its compact form. The wasm is kept in the
# cache under a hash of all that goes into it, so it is built once for each state of the sources, whatever clone asks.
source "$(dirname "$0")/environment.sh"
source scripts/cargo-wasm.sh
# What every engine of the last years reads; wasm-opt may use no more than that.
WASM_FEATURES=(simd bulk-memory bulk-memory-opt sign-ext nontrapping-float-to-int mutable-globals reference-types multivalue)

# make_artifact DIRECTORY NAME FEATURE: one wasm with its JavaScript and types, in DIRECTORY/NAME; FEATURE may be empty.
make_artifact() {
  local features=("${WASM_FEATURES[@]}") arguments=()
  [ -z "$3" ] || { features+=("$3"); arguments=(--features "$3"); }
  cargo_wasm build --profile wasm --lib "${arguments[@]}"
  finish_artifact "$1" "$2" "$WASM_TARGET_DIR" "${features[@]}"
}

# finish_artifact DIRECTORY NAME TARGET_DIR WASM_FEATURE...
finish_artifact() {
  local directory=$1 name=$2 target=$3
  shift 3
  say "wasm-bindgen, wasm-opt: $name.wasm"
  "$CACHE/tools/wasm-bindgen-$(locked_version wasm-bindgen)/bin/wasm-bindgen" --target no-modules --out-dir "$directory/$name" --out-name rerank \
    "$target/$TARGET/wasm/rerank_wasm.wasm"
  # Nothing is ever at an address below 1,024, where the stack would end: so an address plus a small constant does not wrap,
  # and the constant becomes part of the load. A forward pass takes a tenth less time.
  node_modules/.bin/wasm-opt -O1 --low-memory-unused "${@/#/--enable-}" "$directory/$name/rerank_bg.wasm" -o "$directory/$name.wasm"
}

# make_bindings DIRECTORY NAME BINDINGS: the JavaScript of an artifact as DIRECTORY/BINDINGS.js, and its types.
#
# The no-modules glue is one self-contained function; wrapped into a factory it gives every reranker an instance, and so a
# memory, of its own. Its finalizers would call into instances that a trap has poisoned; without them an instance is freed
# as a whole.
make_bindings() {
  local raw=$1/$2/rerank bindings=$1/$3
  { echo 'export function createBindings() { const FinalizationRegistry = undefined, document = undefined;'; cat "$raw.js"; echo 'return wasm_bindgen;'; echo '}'; } >"$bindings.js"
  { cat "$raw.d.ts"; echo 'export declare function createBindings(): typeof wasm_bindgen;'; } >"$bindings.d.ts"
}

# make_threads_artifact DIRECTORY: relaxed SIMD and threads. What reads that has bulk memory operations and atomics.
make_threads_artifact() {
  local glue=$1/rerank-threads/rerank.js pages
  cargo_wasm_threads build --profile wasm --lib --features relaxed-simd
  finish_artifact "$1" rerank-threads "$THREADS_TARGET_DIR" "${WASM_FEATURES[@]}" relaxed-simd threads
  make_bindings "$1" rerank-threads bindings-threads
  # Whoever creates the memory has to know how large it must be at least.
  pages=$(sed -n 's/.*new WebAssembly.Memory({initial:\([0-9]*\),maximum:65536,shared:true}).*/\1/p' "$glue")
  [ -n "$pages" ] || fail "the glue of rerank-threads does not say how large its memory is"
  echo "export const initialPages = $pages;" >>"$1/bindings-threads.js"
  echo 'export declare const initialPages: number;' >>"$1/bindings-threads.d.ts"
  rm -r "$1/rerank-threads"
}

# make_converter DIRECTORY: the converter for Node. It is compressed, because nothing loads it but the command line, which
# decompresses it in a moment; as it is it would take 6 MB more of everyone's disk.
make_converter() {
  cargo_wasm build --profile wasm --lib --features converter
  finish_artifact "$1" converter "$WASM_TARGET_DIR" "${WASM_FEATURES[@]}"
  make_bindings "$1" converter converter-bindings
  node --input-type=module --eval "
    import { readFileSync, writeFileSync } from 'node:fs';
    import { brotliCompressSync, constants } from 'node:zlib';
    const bytes = readFileSync('$1/converter.wasm');
    const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync('$1/converter.wasm.br', brotliCompressSync(bytes, { params }));"
  rm -r "$1/converter" "$1/converter.wasm"
}

# make_artifacts DIRECTORY: the wasm files, and the JavaScript and types of those without threads, which is the same; in
# DIRECTORY/cli what the command line has besides.
make_artifacts() {
  make_artifact "$1" rerank ""
  make_artifact "$1" rerank-relaxed relaxed-simd
  cmp "$1/rerank/rerank.js" "$1/rerank-relaxed/rerank.js" || fail "the two artifacts need different JavaScript"
  make_bindings "$1" rerank bindings
  rm -r "$1/rerank" "$1/rerank-relaxed"
  make_threads_artifact "$1"
  mkdir "$1/cli"
  make_converter "$1/cli"
}

# No path under src holds a space.
# shellcheck disable=SC2046
key=$(hash_of Cargo.toml Cargo.lock package.json scripts/build.sh scripts/cargo-wasm.sh "$CACHE/toolchain" "$CACHE/threads-toolchain" $(find src -type f -not -path 'src/bin/*' | LC_ALL=C sort))
artifacts=$CACHE/artifacts/$key
if ! [ -d "$artifacts" ]; then
  say "building the engine ($TOOLCHAIN toolchain; about 12 minutes where nothing is built yet)"
  partial=$CACHE/artifacts/partial-$$
  rm -rf "$partial" && mkdir -p "$partial"
  make_artifacts "$partial"
  # A build beside this one may have been first.
  [ -d "$artifacts" ] || mv "$partial" "$artifacts"
fi
rm -rf pkg/dist && mkdir -p pkg/dist/wasm
cp "$artifacts"/*.* pkg/dist/wasm/
mkdir -p pkg/dist/cli/convert
cp "$artifacts"/cli/* pkg/dist/cli/convert/
node_modules/.bin/tsc -p pkg
chmod +x pkg/dist/cli/main.js
node scripts/compact-tokenizer.mjs pkg/mini/tokenizer.json pkg/mini/dist/tokenizer.bin
