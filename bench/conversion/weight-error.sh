#!/usr/bin/env bash
# weight-error.sh DIRECTORY: measures what integer weights cost a model with float weights. DIRECTORY holds config.json,
# tokenizer.json and onnx/model.onnx. The script prints the mean distance of 63 fixture pairs' logits from those of the
# float weights. It measures the 8-bit weights of `rerank convert` and those of the published file's recipe. The engine
# runs each model twice: with float activations, which leaves the weights' error alone, and with 8-bit ones, as users do.
source "$(dirname "$0")/../../scripts/environment.sh"
[ $# = 1 ] && [ -f "$1/onnx/model.onnx" ] || fail "weight-error.sh needs one DIRECTORY that holds onnx/model.onnx: pass its path"
model=$(cd "$1" && pwd)
native=$(native_command_line)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for kind in float published; do
  mkdir -p "$work/$kind/onnx"
  ln -s "$model/config.json" "$model/tokenizer.json" "$work/$kind/"
done
ln -s "$model/onnx/model.onnx" "$work/float/onnx/"
say "the recipe of the published file: onnxruntime's quantize_dynamic, per_channel, reduce_range, QInt8"
models/standin/python.sh models/standin/recipe/requantize.py "$model/onnx/model.onnx" "$work/published/onnx/model_quantized.onnx" >&2
say "rerank convert, 8 bits, rounded for 102 pairs, for those that are built in, and to the nearest"
node bench/conversion/sample-pairs.mjs held-out >"$work/sample.tsv"
"$native" convert --model "$work/float" "$work/sample.bundle" --bits 8 --sample "$work/sample.tsv" >&2
"$native" convert --model "$work/float" "$work/built-in.bundle" --bits 8 >&2
"$native" convert --model "$work/float" "$work/nearest.bundle" --bits 8 --rounding nearest >&2
logits() { # MODEL NAME [OPTION]
  "$native" logits --model "$work/$1" "${@:3}" tests/fixtures/mini_pairs.jsonl >"$work/$2"
}
logits float exact --exact-activations
for each in published sample.bundle built-in.bundle nearest.bundle; do
  logits "$each" "$each.weights" --exact-activations
  logits "$each" "$each.both"
done
for what in weights both; do
  case $what in
    weights) echo "weights alone rounded:" ;;
    both) echo "weights and activations:" ;;
  esac
  node bench/conversion/distances.mjs "$work/exact" "$work"/{published,{sample,built-in,nearest}.bundle}.$what
done
