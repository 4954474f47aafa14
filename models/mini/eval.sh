#!/usr/bin/env bash
# eval.sh: how well a model ranks the showcase and the held-out sources, through the package and its wasm. MODEL names a
# directory in Hugging Face's layout; without it, rerank-wasm-mini is measured.
source "$(dirname "$0")/../../scripts/environment.sh"
scripts/setup.sh build
scripts/build.sh
node models/mini/eval/run.mjs ${MODEL:+--model "$MODEL"}
