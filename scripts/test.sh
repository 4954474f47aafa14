#!/usr/bin/env bash
# test.sh: every test, on a machine where nothing was installed before.
source "$(dirname "$0")/environment.sh"
scripts/setup.sh test
say "the demo, with no more than it builds"
scripts/build.sh demo
scripts/demo.sh
scripts/build.sh

say "fixtures that are made, not committed: the full tokenizer, the stand-in of bge-reranker-base's size"
RERANK_WASM_TOKENIZER=$(models/standin/full-tokenizer.py | tail -n 1)
RERANK_WASM_STANDIN=$(models/standin/make.sh base --oracle | tail -n 1)
export RERANK_WASM_TOKENIZER RERANK_WASM_STANDIN

say "cargo test"
# The feature is for the tests of the command line, which come next: the library is compiled once for both.
cargo test --locked --features cli
source scripts/bindgen.sh
cargo test --locked --manifest-path scripts/bindgen/Cargo.toml --target-dir "$BINDGEN_TARGET_DIR"
scripts/test-kernels.sh
say "cargo run: the native command line"
scripts/test-command-line.sh
export RERANK_WASM_NATIVE=$CARGO_TARGET_DIR/debug/rerank
RERANK_WASM_BUNDLE=$(models/standin/bundle.sh | tail -n 1)
export RERANK_WASM_BUNDLE
say "the package in Node, Chromium and workerd"
node tests/run.mjs
scripts/fuzz-http.sh
