#!/usr/bin/env bash
# build.sh: builds the module with both tokenizers for Node and prints its directory.
source "$(dirname "$0")/../../scripts/environment.sh"
source scripts/bindgen.sh
TARGET=wasm32-unknown-unknown
output=$CACHE/bench-tokenizer
arguments=(build --quiet --manifest-path bench/tokenizer/wasm/Cargo.toml --profile wasm --target "$TARGET")
flags='-C target-feature=+simd128 -C link-arg=--export=__wasm_call_ctors'
if [ "$(cat "$CACHE/toolchain")" = rustup ]; then
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags cargo "${arguments[@]}" >&2
else
  # scripts/cargo-wasm.sh builds the engine with the same toolchain.
  export CARGO_TARGET_DIR=$CACHE/target-debian
  RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags -C linker=wasm-ld-22" \
    /usr/bin/cargo "${arguments[@]}" -Zbuild-std=std,panic_abort >&2
fi
bindgen_tool bindgen
"$BINDGEN_TOOLS/bindgen" "$CARGO_TARGET_DIR/$TARGET/wasm/tokenizer_bench.wasm" "$output" tokenizer >&2
echo "$output"
