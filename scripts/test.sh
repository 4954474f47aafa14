#!/usr/bin/env bash
# test.sh: runs every test, and first installs the tools that they need.
source "$(dirname "$0")/environment.sh"
scripts/setup.sh test
say "the demo, on its own build alone"
scripts/build.sh demo
scripts/demo.sh
scripts/build.sh
scripts/recall.sh
# A newer Node takes the other engine.
for directory in "$REPOSITORY"/node_modules/node-linux-*/bin; do
  [ ! -x "$directory/node" ] || PATH=$directory:$PATH scripts/demo.sh
done

say "models of the tests: the full tokenizer, the stand-in of bge-reranker-base's size, ms-marco-MiniLM-L-12-v2"
RERANK_WASM_TOKENIZER=$(models/standin/full-tokenizer.py | tail -n 1)
RERANK_WASM_STANDIN=$(models/standin/make.sh base --oracle | tail -n 1)
RERANK_WASM_L12=$(models/l12/fetch.py | tail -n 1)
RERANK_WASM_BGE_SMALL=$(models/recall/fetch.py | tail -n 1)
export RERANK_WASM_TOKENIZER RERANK_WASM_STANDIN RERANK_WASM_L12 RERANK_WASM_BGE_SMALL

say "cargo test"
# The tests of the command line, which come next, need this feature. With it here, cargo compiles the library once for both.
cargo test --locked --features cli
source scripts/bindgen.sh
cargo test --locked --manifest-path scripts/bindgen/Cargo.toml --target-dir "$BINDGEN_TARGET_DIR"
scripts/test-kernels.sh
say "cargo run: the native command line"
scripts/test-command-line.sh
export RERANK_WASM_NATIVE=$CARGO_TARGET_DIR/debug/rerank
RERANK_WASM_BUNDLE=$(models/standin/bundle.sh | tail -n 1)
export RERANK_WASM_BUNDLE
say "the package in Node, Chromium, WebKit and workerd"
node tests/run.mjs
scripts/test-openai.sh
scripts/fuzz-http.sh
