#!/usr/bin/env bash
# bits-table.sh [DIRECTORY]: what fewer bits for a weight cost, as the table of the README: the model in DIRECTORY (pkg/mini
# without it) at 8, mixed and 4 bits, ranked on its evaluation sets through the package; and with the stand-in of
# bge-reranker-base's size the logits of the default bundle for an isolate.
source "$(dirname "$0")/../../scripts/environment.sh"
scripts/setup.sh build
scripts/build.sh
RERANK_WASM_NATIVE=$(native_command_line)
RERANK_WASM_STANDIN=${RERANK_WASM_STANDIN:-$(models/standin/make.sh base | tail -n 1)}
RERANK_WASM_TOKENIZER=${RERANK_WASM_TOKENIZER:-$(models/standin/full-tokenizer.py | tail -n 1)}
export RERANK_WASM_NATIVE RERANK_WASM_STANDIN RERANK_WASM_TOKENIZER
node bench/conversion/bits-table.mjs "${1:-pkg/mini}"
