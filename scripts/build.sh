#!/usr/bin/env bash
# build.sh: Rust to pkg/dist/wasm, TypeScript to pkg/dist. The wasm is kept in the cache under a hash of all that goes
# into it, so it is built once for each state of the sources, whatever clone asks.
source "$(dirname "$0")/environment.sh"
TOOLCHAIN=$(cat "$CACHE/toolchain")
TARGET=wasm32-unknown-unknown
# What every engine of the last years reads; wasm-opt may use no more than that.
WASM_FEATURES=(simd bulk-memory bulk-memory-opt sign-ext nontrapping-float-to-int mutable-globals reference-types multivalue)

# build_wasm [OPTION...]: prints the path of cargo's wasm.
build_wasm() {
  # Exported, the constructors (tract's registries) run when the glue calls them; otherwise the linker would wrap every
  # export to run them again.
  local flags='-C target-feature=+simd128 -C link-arg=--export=__wasm_call_ctors'
  local arguments=(build --locked --profile wasm --lib --target "$TARGET" "$@")
  if [ "$TOOLCHAIN" = rustup ]; then
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags cargo "${arguments[@]}" >&2
  else
    # Debian ships std as source, and a stable compiler rebuilds it only when told that it may.
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags -C linker=wasm-ld-22" \
      CARGO_TARGET_DIR=$CACHE/target-debian CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} \
      /usr/bin/cargo "${arguments[@]}" -Zbuild-std=std,panic_abort >&2
    CARGO_TARGET_DIR=$CACHE/target-debian
  fi
  echo "$CARGO_TARGET_DIR/$TARGET/wasm/rerank_wasm.wasm"
}

# make_artifact DIRECTORY NAME FEATURE: one wasm with its JavaScript and types, in DIRECTORY/NAME; FEATURE may be empty.
make_artifact() {
  local wasm features=("${WASM_FEATURES[@]}") arguments=()
  [ -z "$3" ] || { features+=("$3"); arguments=(--features "$3"); }
  wasm=$(build_wasm "${arguments[@]}")
  say "wasm-bindgen, wasm-opt: $2.wasm"
  "$CACHE/tools/wasm-bindgen-$(locked_version wasm-bindgen)/bin/wasm-bindgen" --target no-modules --out-dir "$1/$2" --out-name rerank "$wasm"
  node_modules/.bin/wasm-opt -O1 "${features[@]/#/--enable-}" "$1/$2/rerank_bg.wasm" -o "$1/$2.wasm"
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
key=$(hash_of Cargo.toml Cargo.lock package-lock.json scripts/build.sh "$CACHE/toolchain" $(find src -name '*.rs' | LC_ALL=C sort))
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
