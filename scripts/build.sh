#!/usr/bin/env bash
# build.sh [demo]: Rust to pkg/dist/wasm, TypeScript to pkg/dist, mini's tokenizer to its compact form, and first what that
# needs. With `demo`, of what must be compiled only the engine that this Node takes, and that as the compiler left it.
#
# There are four WebAssembly files: the engine without relaxed SIMD, with it, with it and threads, and the converter. Each
# is kept in the cache under a hash of what goes into it, so it is built once for each state of the sources, whatever clone
# asks.
source "$(dirname "$0")/environment.sh"
source scripts/bindgen.sh
case ${1:-} in
  demo) scope=demo ;;
  '') scope=build ;;
  *) fail "usage: build.sh [demo]" ;;
esac

ENGINES=(rerank rerank-relaxed rerank-threads)
# What every engine of the last years reads; wasm-opt may use no more than that.
WASM_FEATURES=(simd bulk-memory bulk-memory-opt sign-ext nontrapping-float-to-int mutable-globals reference-types multivalue)

# bindings_of NAME: what the JavaScript of a WebAssembly file is called.
bindings_of() {
  case $1 in
    rerank | rerank-relaxed) echo bindings ;;
    rerank-threads) echo bindings-threads ;;
    converter) echo converter-bindings ;;
  esac
}

# folder_of NAME: where a WebAssembly file is kept with its JavaScript and types; with `.raw` behind it, before wasm-opt.
folder_of() {
  local toolchain=$TOOLCHAIN
  [ "$1" != rerank-threads ] || toolchain=$THREADS_TOOLCHAIN
  echo "$CACHE/artifacts/$1-$(printf '%s\n' "$SOURCES" "$toolchain" | sha256 | cut -c1-32)"
}

# compile NAME FORM: FORM is how it shows its progress. Of the library's two kinds only the one that is linked is made: then
# the compiler leaves out at once what nothing exported reaches.
compile() {
  local name=$1 form=$2 cargo=cargo_wasm target=$WASM_TARGET_DIR options=(--profile wasm --lib --crate-type cdylib)
  case $name in
    rerank-relaxed) options+=(--features relaxed-simd) ;;
    rerank-threads) options+=(--features relaxed-simd) cargo=cargo_wasm_threads target=$THREADS_TARGET_DIR ;;
    converter) options+=(--features converter) ;;
  esac
  say "cargo build: $name"
  show_progress "$name" "$form" "$cargo" rustc "${options[@]}"
  # The next one is written to the same place.
  cp "$target/$TARGET/wasm/rerank_wasm.wasm" "$WORK/$name.wasm"
}

# make_raw NAME: what was compiled, with its JavaScript and types.
#
# The no-modules glue is one self-contained function; wrapped into a factory it gives every reranker an instance, and so a
# memory, of its own. Its finalizers would call into instances that a trap has poisoned; without them an instance is freed
# as a whole.
make_raw() {
  local name=$1 glue=$WORK/$1.glue folder=$WORK/$1.raw bindings pages
  bindings=$folder/$(bindings_of "$name")
  mkdir "$folder"
  bindgen_tool bindgen
  "$BINDGEN_TOOLS/bindgen" "$WORK/$name.wasm" "$glue" rerank
  mv "$glue/rerank_bg.wasm" "$folder/$name.wasm"
  { echo 'export function createBindings() { const FinalizationRegistry = undefined, document = undefined;'; cat "$glue/rerank.js"; echo 'return wasm_bindgen;'; echo '}'; } >"$bindings.js"
  { cat "$glue/rerank.d.ts"; echo 'export declare function createBindings(): typeof wasm_bindgen;'; } >"$bindings.d.ts"
  if [ "$name" = rerank-threads ]; then
    # Whoever creates the memory has to know how large it must be at least.
    pages=$(sed -n 's/.*new WebAssembly.Memory({initial:\([0-9]*\),maximum:65536,shared:true}).*/\1/p' "$glue/rerank.js")
    [ -n "$pages" ] || fail "the JavaScript of $name does not say how large its memory is"
    echo "export const initialPages = $pages;" >>"$bindings.js"
    echo 'export declare const initialPages: number;' >>"$bindings.d.ts"
  fi
  keep "$folder" "$(folder_of "$name").raw"
}

# make_whole NAME: that, through wasm-opt.
make_whole() {
  local name=$1 raw folder=$WORK/$1 features=("${WASM_FEATURES[@]}")
  raw=$(folder_of "$name").raw
  case $name in
    rerank-relaxed) features+=(relaxed-simd) ;;
    rerank-threads) features+=(relaxed-simd threads) ;;
  esac
  say "wasm-opt: $name"
  cp -r "$raw" "$folder"
  # Nothing is ever at an address below 1,024, where the stack would end: so an address plus a small constant does not wrap,
  # and the constant becomes part of the load. A forward pass takes a tenth less time. Functions that became equal by that are
  # merged after it: a hundredth of the size.
  node_modules/.bin/wasm-opt -O1 --low-memory-unused --duplicate-function-elimination "${features[@]/#/--enable-}" "$raw/$name.wasm" -o "$folder/$name.wasm"
  [ "$name" != converter ] || compress "$folder/$name.wasm"
  keep "$folder" "$(folder_of "$name")"
  rm -rf "$raw"
}

# compress FILE: as FILE.br. Nothing loads the converter but the command line, which decompresses it in a moment; as it is it
# would take 6 MB more of everyone's disk.
compress() {
  node --input-type=module --eval "
    import { readFileSync, writeFileSync } from 'node:fs';
    import { brotliCompressSync, constants } from 'node:zlib';
    const bytes = readFileSync('$1');
    const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync('$1.br', brotliCompressSync(bytes, { params }));"
  rm "$1"
}

# keep FOLDER PLACE: a build beside this one may have been first.
keep() { [ -d "$2" ] || mv "$1" "$2"; }

# finish NAME: what comes after the compiler.
finish() {
  [ -d "$(folder_of "$1").raw" ] || make_raw "$1"
  [ "$scope" = demo ] || make_whole "$1"
}

# compile_missing NAME...: those of the files that are not there, several at a time where that is possible.
compile_missing() {
  local name threads=
  for name; do
    if [ -d "$(folder_of "$name").raw" ]; then
      beside finish "$name"
    elif [ "$name" = rerank-threads ]; then
      # It is compiled elsewhere, its standard library and all; a whole core would be idle otherwise for minutes.
      threads=$name
      beside compile "$name" lines
    else
      compile "$name" auto
      beside finish "$name"
    fi
  done
  together || fail "the build stops here; the reason is above"
  [ -z "$threads" ] || finish "$threads"
}

# place NAME: into pkg/dist what is there of a WebAssembly file, or else JavaScript that says what is missing: modules of the
# package import it, called or not.
place() {
  local folder=pkg/dist/wasm kept
  [ "$1" != converter ] || folder=pkg/dist/cli/convert
  kept=$(folder_of "$1")
  [ -d "$kept" ] || [ "$1" = converter ] || kept=$kept.raw
  mkdir -p "$folder"
  if [ -d "$kept" ]; then
    cp "$kept"/* "$folder"
  elif [ "$(bindings_of "$1")" != bindings ]; then
    echo "export function createBindings() { throw new Error('This build has no $1: run make build.'); }
      export const initialPages = 0;" >"$folder/$(bindings_of "$1").js"
  fi
}

# Compiled beside the installation, if what it takes is there already.
if ! [ -x "$BINDGEN_TOOLS/bindgen" ] && command -v cargo && command -v cc && command -v node; then beside bindgen_tool bindgen; fi >/dev/null
scripts/setup.sh "$scope"
source scripts/cargo-wasm.sh
# No path under src holds a space.
# shellcheck disable=SC2046
SOURCES=$(hash_of Cargo.toml Cargo.lock scripts/build.sh scripts/bindgen.sh scripts/cargo-wasm.sh $(find scripts/bindgen src -type f -not -path 'src/bin/*' | LC_ALL=C sort))-$(node -p "require('./package.json').devDependencies.binaryen")

if [ "$scope" = demo ]; then wanted=("$(node scripts/engine-name.mjs)"); else wanted=(rerank-threads rerank rerank-relaxed converter); fi
missing=()
for name in "${wanted[@]}"; do
  [ -d "$(folder_of "$name")" ] || { [ "$scope" = demo ] && [ -d "$(folder_of "$name").raw" ]; } || missing+=("$name")
done
if [ ${#missing[@]} != 0 ]; then
  WORK=$CACHE/artifacts/partial-$$
  rm -rf "$WORK" && mkdir -p "$WORK"
  compile_missing "${missing[@]}"
  rm -rf "$WORK"
fi
together || fail "bindgen could not be compiled; the reason is above"

rm -rf pkg/dist
for name in "${ENGINES[@]}" converter; do place "$name"; done
[ "$scope" = demo ] || cmp "$(folder_of rerank)/bindings.js" "$(folder_of rerank-relaxed)/bindings.js" ||
  fail "the two engines without threads need different JavaScript"
node_modules/.bin/tsc -p pkg
chmod +x pkg/dist/cli/main.js
node scripts/compact-tokenizer.mjs pkg/mini/tokenizer.json pkg/mini/dist/tokenizer.bin
