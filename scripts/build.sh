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
  say "wasm-bindgen, wasm-opt: $2.wasm"
  # Nothing is ever at an address below 1,024, where the stack would end: so an address plus a small constant does not wrap,
  # and the constant becomes part of the load. A forward pass takes a tenth less time.
  "$CACHE/tools/wasm-bindgen-$(locked_version wasm-bindgen)/bin/wasm-bindgen" --target no-modules --out-dir "$1/$2" --out-name rerank \
    "$WASM_TARGET_DIR/$TARGET/wasm/rerank_wasm.wasm"
  node_modules/.bin/wasm-opt -O1 --low-memory-unused "${features[@]/#/--enable-}" "$1/$2/rerank_bg.wasm" -o "$1/$2.wasm"
}

# make_artifacts DIRECTORY: the two wasm files, and the JavaScript and types that both have.
make_artifacts() {
  local raw=$1/rerank
  make_artifact "$1" rerank ""
  make_artifact "$1" rerank-relaxed relaxed-simd
  cmp "$raw/rerank.js" "$1/rerank-relaxed/rerank.js" || fail "the two artifacts need different JavaScript"
  # The no-modules glue is one self-contained function; wrapped into a factory it gives every reranker an instance,
  # and so a memory, of its own.
  # Its finalizers would call into instances that a trap has poisoned; without them an instance is freed as a whole.
  { echo 'export function createBindings() { const FinalizationRegistry = undefined, document = undefined;'; cat "$raw/rerank.js"; echo 'return wasm_bindgen;'; echo '}'; } >"$1/bindings.js"
  { cat "$raw/rerank.d.ts"; echo 'export declare function createBindings(): typeof wasm_bindgen;'; } >"$1/bindings.d.ts"
  rm -r "$raw" "$1/rerank-relaxed"
}

# No path under src holds a space.
# shellcheck disable=SC2046
key=$(hash_of Cargo.toml Cargo.lock package.json scripts/build.sh scripts/cargo-wasm.sh "$CACHE/toolchain" $(find src -name '*.rs' | LC_ALL=C sort))
artifacts=$CACHE/artifacts/$key
if ! [ -d "$artifacts" ]; then
  say "building the engine ($TOOLCHAIN toolchain; about 6 minutes where nothing is built yet)"
  partial=$CACHE/artifacts/partial-$$
  rm -rf "$partial" && mkdir -p "$partial"
  make_artifacts "$partial"
  # A build beside this one may have been first.
  [ -d "$artifacts" ] || mv "$partial" "$artifacts"
fi
rm -rf pkg/dist && mkdir -p pkg/dist/wasm
cp "$artifacts"/* pkg/dist/wasm/
node_modules/.bin/tsc -p pkg
chmod +x pkg/dist/cli/main.js
node scripts/compact-tokenizer.mjs pkg/mini/tokenizer.json pkg/mini/dist/tokenizer.bin
