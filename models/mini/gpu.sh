#!/usr/bin/env bash
# gpu.sh FOLDER: trains on a machine with a GPU and without a network, from the archive of `STEPS=pack`:
#
#     tar -xf gpu.tar.gz && MINUTES=8 mini/models/mini/gpu.sh FOLDER
#
# Python there needs torch, numpy, onnx, onnxruntime and tokenizers. The script writes the student to FOLDER in pieces of
# 15 MiB. Join them as student.pt in mini-run of the cache, then run STEPS="export eval card". A second call continues.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"
export RERANK_WASM_CACHE=$PWD/../../cache PYTHONUNBUFFERED=1
python3 -m recipe train
split -b 15M "$RERANK_WASM_CACHE/$([ -n "${SMOKE:-}" ] && echo mini-smoke || echo mini-run)/student.pt" "$folder/student.pt."
