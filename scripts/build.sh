#!/usr/bin/env bash
# build.sh [demo]: builds pkg/dist/wasm from Rust, pkg/dist from TypeScript, and the compact form of mini's tokenizer.
# setup.sh installs the tools first. With `demo`, it compiles only the engine that this Node starts, as fast as it can: it
# leaves the largest dependencies unoptimised and skips wasm-opt. The results of such an engine have the same bits.
#
# There are five WebAssembly files: the engine with and without relaxed SIMD, both with and without threads, and the
# converter. The cache keeps each under a hash of its sources. So each state of the sources is built once for all clones.
source "$(dirname "$0")/environment.sh"
source scripts/bindgen.sh
case ${1:-} in
  demo) scope=demo ;;
  '') scope=build ;;
  *) fail "usage: build.sh [demo]" ;;
esac

ENGINES=(rerank rerank-relaxed rerank-threads-simd rerank-threads)
# All supported platforms read these features; wasm-opt may use no others.
WASM_FEATURES=(simd bulk-memory bulk-memory-opt sign-ext nontrapping-float-to-int mutable-globals reference-types multivalue)

# Optimising tract takes half of the compiler's time, and the demo spends its time in our kernels. The other dependencies
# keep their profile, so both builds share them.
DEMO_PROFILE=(--config profile.wasm.package.rerank-wasm.codegen-units=16)
for crate in tract-core tract-linalg tract-data tokenizers; do DEMO_PROFILE+=(--config "profile.wasm.package.$crate.opt-level=0"); done

# bindings_of NAME: prints the name of the bindings of a WebAssembly file.
bindings_of() {
  case $1 in
    rerank | rerank-relaxed) echo bindings ;;
    rerank-threads*) echo bindings-threads ;;
    converter) echo converter-bindings ;;
  esac
}

# folder_of NAME: prints the folder that keeps a WebAssembly file, its bindings and types. With `.demo` appended, it names
# the folder of the demo's engine.
folder_of() {
  local toolchain=$TOOLCHAIN
  case $1 in rerank-threads*) toolchain=$THREADS_TOOLCHAIN ;; esac
  echo "$CACHE/engines/$1-$(printf '%s\n' "$SOURCES" "$toolchain" | sha256 | cut -c1-32)"
}

# compile NAME FORM: compiles a WebAssembly file into $WORK; FORM selects the progress report. It makes only the linked kind
# of the library: the compiler then omits early the code that no export reaches.
compile() {
  local name=$1 form=$2 cargo=cargo_wasm target=$WASM_TARGET_DIR options=(--profile wasm --lib --crate-type cdylib)
  case $name in
    rerank-relaxed) options+=(--features relaxed-simd) ;;
    rerank-threads) options+=(--features relaxed-simd) cargo=cargo_wasm_threads target=$THREADS_TARGET_DIR ;;
    rerank-threads-simd) cargo=cargo_wasm_threads target=$THREADS_TARGET_DIR ;;
    converter) options+=(--features converter) ;;
  esac
  [ "$scope" != demo ] || options+=("${DEMO_PROFILE[@]}")
  say "cargo build: $name"
  show_progress "$name" "$form" "$cargo" rustc "${options[@]}"
  # The next compilation overwrites this file.
  cp "$target/$TARGET/wasm/rerank_wasm.wasm" "$WORK/$name.wasm"
}

# bind NAME: writes a compiled file, its bindings and types into $WORK/NAME.
#
# The no-modules bindings are one self-contained function. As a factory, it makes a separate instance, with a separate
# memory, for every reranker. Its finalizers would call into crashed instances; without them an instance is freed as a
# whole.
bind() {
  local name=$1 glue=$WORK/$1.glue folder=$WORK/$1 bindings pages
  bindings=$folder/$(bindings_of "$name")
  mkdir "$folder"
  bindgen_tool bindgen
  "$BINDGEN_TOOLS/bindgen" "$WORK/$name.wasm" "$glue" rerank
  mv "$glue/rerank_bg.wasm" "$folder/$name.wasm"
  { echo 'export function createBindings() { const FinalizationRegistry = undefined, document = undefined;'; cat "$glue/rerank.js"; echo 'return wasm_bindgen;'; echo '}'; } >"$bindings.js"
  { cat "$glue/rerank.d.ts"; echo 'export declare function createBindings(): typeof wasm_bindgen;'; } >"$bindings.d.ts"
  if [ "$(bindings_of "$name")" = bindings-threads ]; then
    # The creator of the memory needs its minimum size.
    pages=$(sed -n 's/.*new WebAssembly.Memory({initial:\([0-9]*\),maximum:65536,shared:true}).*/\1/p' "$glue/rerank.js")
    [ -n "$pages" ] || fail "the JavaScript of $name does not say how large its memory is"
    echo "export const initialPages = $pages;" >>"$bindings.js"
    echo 'export declare const initialPages: number;' >>"$bindings.d.ts"
  fi
}

# optimise NAME: rewrites the file in $WORK/NAME with wasm-opt.
optimise() {
  local name=$1 file=$WORK/$1/$1.wasm features=("${WASM_FEATURES[@]}") merges=()
  case $name in
    rerank-relaxed) features+=(relaxed-simd) ;;
    rerank-threads) features+=(relaxed-simd threads) ;;
    rerank-threads-simd) features+=(threads) ;;
  esac
  # One pass merges one level of callers.
  for _ in 1 2 3 4; do merges+=(--duplicate-function-elimination); done
  say "wasm-opt: $name"
  # --low-memory-unused: addresses below 1,024 stay unused, because the stack would end there. So an address plus a small
  # constant does not wrap, and the constant becomes part of the load. A forward pass takes a tenth less time. wasm-opt then
  # merges functions that became equal, which makes their callers equal, and gives the shortest numbers to the functions
  # that are called most often. Each of the two saves a hundredth of the size. Folding equal ends of branches saves a
  # third of that, and so does what follows: it removes blocks, branches and assignments that do nothing.
  node_modules/.bin/wasm-opt -O1 --low-memory-unused "${merges[@]}" --code-folding --reorder-functions \
    --merge-blocks --remove-unused-brs --rse --vacuum "${features[@]/#/--enable-}" "$file" -o "$file.partial"
  # A second run removes what the last steps left without use.
  node_modules/.bin/wasm-opt --vacuum --strip-producers "${features[@]/#/--enable-}" "$file.partial" -o "$file"
  rm "$file.partial"
  [ "$name" != converter ] || compress "$file"
}

# compress FILE: replaces FILE by FILE.br. Only the command line loads the converter, and decompresses it in a moment.
# Uncompressed, it would take 6 MB more of each user's disk.
compress() {
  node --input-type=module --eval "
    import { readFileSync, writeFileSync } from 'node:fs';
    import { brotliCompressSync, constants } from 'node:zlib';
    const bytes = readFileSync('$1');
    const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync('$1.br', brotliCompressSync(bytes, { params }));"
  rm "$1"
}

# keep FOLDER PLACE: moves FOLDER to PLACE, unless a concurrent build was first.
keep() { [ -d "$2" ] || mv "$1" "$2"; }

# finish NAME: runs the steps that follow the compiler.
finish() {
  bind "$1"
  if [ "$scope" = demo ]; then
    keep "$WORK/$1" "$(folder_of "$1").demo"
  else
    optimise "$1"
    keep "$WORK/$1" "$(folder_of "$1")"
  fi
}

# compile_missing NAME...: builds the missing files, several at a time where that is possible. The engines with threads come
# first. They have a separate target directory, standard library included; in sequence, a core would be idle for minutes.
compile_missing() {
  local name threads=()
  for name; do
    case $name in rerank-threads*) threads+=("$name") ;; esac
  done
  [ ${#threads[@]} = 0 ] || beside compile_each "${threads[@]}"
  shift ${#threads[@]}
  for name; do
    compile "$name" auto
    beside finish "$name"
  done
  together || fail "the build stops here; the reason is above"
  for name in "${threads[@]}"; do beside finish "$name"; done
  together || fail "the build stops here; the reason is above"
}

# compile_each NAME...: compiles one file after the other.
compile_each() {
  local name
  for name; do compile "$name" lines; done
}

# place NAME: copies a WebAssembly file with its bindings into pkg/dist. For a missing one it writes bindings that throw,
# because modules of the package import them in any case.
place() {
  local folder=pkg/dist/wasm kept
  [ "$1" != converter ] || folder=pkg/dist/cli/convert
  kept=$(folder_of "$1")
  [ -d "$kept" ] || [ "$1" = converter ] || kept=$kept.demo
  mkdir -p "$folder"
  if [ -d "$kept" ]; then
    cp "$kept"/* "$folder"
  elif [ "$(bindings_of "$1")" != bindings ]; then
    echo "export function createBindings() { throw new Error('This build has no $1: run make build.'); }
      export const initialPages = 0;" >"$folder/$(bindings_of "$1").js"
  fi
}

# Bindgen compiles beside the installation, if its tools are installed already.
if ! [ -x "$BINDGEN_TOOLS/bindgen" ] && command -v cargo && command -v cc && command -v node; then beside bindgen_tool bindgen; fi >/dev/null
scripts/setup.sh "$scope"
source scripts/cargo-wasm.sh
# No path under src holds a space.
# shellcheck disable=SC2046
SOURCES=$(hash_of Cargo.toml Cargo.lock scripts/build.sh scripts/bindgen.sh scripts/cargo-wasm.sh $(find scripts/bindgen src -type f -not -path 'src/bin/*' | LC_ALL=C sort))-$(node -p "require('./package.json').devDependencies.binaryen")

if [ "$scope" = demo ]; then wanted=("$(node scripts/engine-name.mjs)"); else wanted=(rerank-threads-simd rerank-threads rerank rerank-relaxed converter); fi
missing=()
for name in "${wanted[@]}"; do
  [ -d "$(folder_of "$name")" ] || { [ "$scope" = demo ] && [ -d "$(folder_of "$name").demo" ]; } || missing+=("$name")
done
if [ ${#missing[@]} != 0 ]; then
  WORK=$CACHE/engines/partial-$$
  rm -rf "$WORK" && mkdir -p "$WORK"
  compile_missing "${missing[@]}"
  rm -rf "$WORK"
fi
together || fail "bindgen could not be compiled; the reason is above"

rm -rf pkg/dist
for name in "${ENGINES[@]}" converter; do place "$name"; done
# Engines that share bindings must need the same ones.
if [ "$scope" != demo ]; then
  cmp "$(folder_of rerank)/bindings.js" "$(folder_of rerank-relaxed)/bindings.js" &&
    cmp "$(folder_of rerank-threads)/bindings-threads.js" "$(folder_of rerank-threads-simd)/bindings-threads.js" ||
    fail "two engines that share bindings need different ones"
fi
# Comments stay in the types, which editors show; a visitor downloads the code.
node_modules/.bin/tsc -p pkg --removeComments --declaration false
if [ "$scope" != demo ]; then
  node_modules/.bin/tsc -p pkg --emitDeclarationOnly
  node scripts/public-types.mjs
  # The compiler indents by four spaces, an eighth of the code.
  node_modules/.bin/biome format --write --log-level=error --config-path=scripts/format-dist.json pkg/dist >/dev/null
  # Users do not debug the bindings, which wasm-bindgen writes. So these need neither comments nor long names.
  node_modules/.bin/esbuild --minify --format=esm --allow-overwrite --log-level=error --outdir=pkg/dist --outbase=pkg/dist \
    pkg/dist/wasm/bindings.js pkg/dist/wasm/bindings-threads.js pkg/dist/cli/convert/converter-bindings.js
fi
chmod +x pkg/dist/cli/main.js
node scripts/compact-tokenizer.mjs pkg/mini/tokenizer.json pkg/mini/dist/tokenizer.bin
[ "$scope" = demo ] || node scripts/notices.mjs
