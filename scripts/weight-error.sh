#!/usr/bin/env bash
# weight-error.sh DIRECTORY: what integers cost a model with float weights (config.json, tokenizer.json, onnx/model.onnx):
# mean distance of the logits of the 63 fixture pairs from those of the float weights, once with the weights that
# `rerank convert` makes at 8 bits, once with those of the recipe of the published file. The engine runs all three.
source "$(dirname "$0")/environment.sh"
[ $# = 1 ] && [ -f "$1/onnx/model.onnx" ] || fail "usage: scripts/weight-error.sh DIRECTORY, which holds onnx/model.onnx"
model=$(cd "$1" && pwd)
# Installs the packages of bench/requirements.txt.
scripts/standin.sh tiny >&2
python() {
  if [ -x "$CACHE/python-bench/bin/python" ]; then "$CACHE/python-bench/bin/python" "$@"
  else PYTHONPATH=$CACHE/python-bench/site-packages python3 "$@"; fi
}
native=$(native_command_line)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for kind in float published; do
  mkdir -p "$work/$kind/onnx"
  ln -s "$model/config.json" "$model/tokenizer.json" "$work/$kind/"
done
ln -s "$model/onnx/model.onnx" "$work/float/onnx/"
say "the recipe of the published file: onnxruntime's quantize_dynamic, per_channel, reduce_range, QInt8"
PYTHONDONTWRITEBYTECODE=1 python bench/standin/requantize.py "$model/onnx/model.onnx" "$work/published/onnx/model_quantized.onnx" >&2
say "rerank convert, 8 bits, rounded for 102 pairs and to the nearest"
node scripts/sample-pairs.mjs held-out >"$work/sample.tsv"
"$native" convert --model "$work/float" "$work/ours.bundle" --bits 8 --sample "$work/sample.tsv" >&2
"$native" convert --model "$work/float" "$work/nearest.bundle" --bits 8 --rounding nearest >&2
for each in float published ours.bundle nearest.bundle; do
  "$native" logits --model "$work/$each" tests/fixtures/mini_pairs.jsonl >"$work/$each.logits"
done
node scripts/distances.mjs "$work"/{float,published,ours.bundle,nearest.bundle}.logits
