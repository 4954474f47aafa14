#!/usr/bin/env bash
# bits-table.sh [DIRECTORY]: measures what fewer bits a weight cost and prints a table. It converts the model in DIRECTORY,
# by default pkg/mini, to 8, mixed and 4 bits, and ranks the evaluation sets with each through the package. It also compares
# the logits of the stand-in's default bundle for an isolate.
source "$(dirname "$0")/../../scripts/environment.sh"
scripts/setup.sh build
scripts/build.sh
RERANK_WASM_NATIVE=$(native_command_line)
RERANK_WASM_STANDIN=${RERANK_WASM_STANDIN:-$(models/standin/make.sh base | tail -n 1)}
RERANK_WASM_TOKENIZER=${RERANK_WASM_TOKENIZER:-$(models/standin/full-tokenizer.py | tail -n 1)}
export RERANK_WASM_NATIVE RERANK_WASM_STANDIN RERANK_WASM_TOKENIZER
node bench/conversion/bits-table.mjs "${1:-pkg/mini}"
