#!/usr/bin/env bash
# gpu.sh FOLDER: trains on a machine with a GPU and without a network, from what `STEPS=pack` packed:
#
#     tar -xf gpu.tar.gz && MINUTES=8 mini/models/mini/gpu.sh FOLDER
#
# Python there has torch, numpy, onnx, onnxruntime and tokenizers. FOLDER gets the student in pieces of 15 MiB; put them
# together again as student.pt in mini-run of the cache, then STEPS="export eval card". Called again, it goes on.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"
export RERANK_WASM_CACHE=$PWD/../../cache PYTHONUNBUFFERED=1
python3 -m recipe train
split -b 15M "$RERANK_WASM_CACHE/$([ -n "${SMOKE:-}" ] && echo mini-smoke || echo mini-run)/student.pt" "$folder/student.pt."
