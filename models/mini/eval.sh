#!/usr/bin/env bash
# eval.sh: measures how well a model ranks the showcase and the held-out sources, through the package and its wasm. Then it
# searches them, and XQuAD, in two stages, with rerank-wasm-recall and that model. MODEL names a directory in Hugging Face's
# layout; the default is rerank-wasm-mini.
source "$(dirname "$0")/../../scripts/environment.sh"
scripts/setup.sh build
scripts/build.sh
scripts/recall.sh
node models/mini/eval/run.mjs ${MODEL:+--model "$MODEL"}
node models/mini/eval/search.mjs ${MODEL:+--model "$MODEL"}
