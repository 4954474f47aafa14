#!/usr/bin/env bash
# bench.sh [MEASUREMENT…]: measures this package beside onnxruntime-web and transformers.js on this machine. It prints a
# table and writes bench/results.json. Without names it runs every measurement of bench/run.mjs.
source "$(dirname "$0")/environment.sh"
scripts/setup.sh bench
scripts/build.sh

say "models: the stand-in of bge-reranker-base with its exact twin and the full tokenizer"
tokenizer=$(models/standin/full-tokenizer.py | tail -n 1)
standin=$(models/standin/make.sh base --oracle | tail -n 1)

# This folder holds the stand-in and the full tokenizer in Hugging Face's layout.
model=$CACHE/bench-model/standin
rm -rf "$model" && mkdir -p "$model/onnx"
ln -sf "$standin/onnx/model_quantized.onnx" "$model/onnx/"
ln -sf "$standin/config.json" "$tokenizer" "$model/"
cp pkg/mini/tokenizer_config.json "$model/"

say "the native command line"
cargo build --quiet --locked --features cli
# Another checkout may share the target directory and replace the binary during this run, so the run uses a copy.
export RERANK_NATIVE=$CACHE/bench-model/rerank-$$
trap 'rm -f "$RERANK_NATIVE"' EXIT
cp "$CARGO_TARGET_DIR/debug/rerank" "$RERANK_NATIVE"

say "the stand-in as a bundle for a 128 MB isolate"
RERANK_WASM_BUNDLE=$(RERANK_WASM_STANDIN=$standin RERANK_WASM_TOKENIZER=$tokenizer RERANK_WASM_NATIVE=$RERANK_NATIVE models/standin/bundle.sh | tail -n 1)
export RERANK_WASM_BUNDLE

say "measuring (about 15 minutes)"
"$(node -p 'require.resolve(`node-linux-${process.arch}/package.json`)' | xargs dirname)/bin/node" bench/run.mjs "$@"
