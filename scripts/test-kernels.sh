#!/usr/bin/env bash
# test-kernels.sh [OPTION...]: runs the tests of src/kernels as native code, and as WebAssembly with and without relaxed
# SIMD. cargo test receives the options; `--release -- --include-ignored --nocapture benches` runs the micro-benchmarks.
source "$(dirname "$0")/environment.sh"
scripts/setup.sh test
source scripts/bindgen.sh
source scripts/cargo-wasm.sh
bindgen_tool test-runner --features test-runner

# test_in_node [OPTION...]: runs the tests as WebAssembly in the first Node of the path.
test_in_node() {
  say "kernels, WebAssembly, Node $(node --version): $*"
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=$BINDGEN_TOOLS/test-runner \
    cargo_wasm test --package kernels-alone --lib "$@"
}

say "kernels, native"
cargo test --locked --package kernels-alone --lib "$@"
test_in_node "$@"
# The machine's own Node may be too old for relaxed SIMD; npm's `node` package has it.
for directory in "$REPOSITORY"/node_modules/node-linux-*/bin; do
  [ ! -x "$directory/node" ] || PATH=$directory:$PATH
done
test_in_node --features relaxed-simd "$@"
