#!/bin/sh
# Makes a stand-in model with random weights under the cache folder and prints its folder as the last line.
#
#     models/standin/make.sh [base|tiny] [bert] [full-range|unsigned] [--oracle]
#
# base (the default) has bge-reranker-base's dimensions; --oracle adds its 1.1 GB fp32 twin. bert takes that architecture.
# The default weights are int8 in -64..=64; full-range and unsigned take other 8-bit weights. The cache folder is
# ${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}.
set -eu

size=base
oracle=
architecture=xlm-roberta
quantization=reduced
variant=
for argument in "$@"; do
    case $argument in
        base | tiny) size=$argument ;;
        bert)
            architecture=bert
            variant=$variant-bert
            ;;
        full-range | unsigned)
            quantization=$argument
            variant=$variant-$argument
            ;;
        --oracle) oracle=--oracle ;;
        *)
            echo "usage: models/standin/make.sh [base|tiny] [bert] [full-range|unsigned] [--oracle]" >&2
            exit 2
            ;;
    esac
done

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}
out=$cache/standin-$size$variant
"$root/models/standin/python.sh" "$root/models/standin/recipe/make.py" --size "$size" --out "$out" --architecture "$architecture" \
    --quantization "$quantization" $oracle
echo "$out"
