#!/bin/sh
# Makes a stand-in model with random weights under the cache folder and prints its folder as the last line.
#
#     scripts/standin.sh [base|tiny] [bert] [full-range|unsigned] [--oracle]
#
# base (the default) has bge-reranker-base's dimensions; --oracle adds its 1.1 GB fp32 twin. bert: that architecture.
# full-range, unsigned: other 8-bit weights than int8 in -64..=64. The cache folder is
# ${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}; the packages of bench/requirements.txt go into its python-bench.
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
            echo "usage: scripts/standin.sh [base|tiny] [bert] [full-range|unsigned] [--oracle]" >&2
            exit 2
            ;;
    esac
done

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cache=${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}
packages=$cache/python-bench
requirements=$root/bench/requirements.txt
partial=$packages.partial.$$
export PYTHONDONTWRITEBYTECODE=1

python() {
    if [ -x "$packages/bin/python" ]; then
        "$packages/bin/python" "$@"
    else
        PYTHONPATH=$packages/site-packages python3 "$@"
    fi
}

is_installed() {
    cmp -s "$requirements" "$packages/requirements.txt" && python -c 'import numpy, onnx, onnxruntime'
}

if ! is_installed; then
    echo "installing $requirements into $packages"
    mkdir -p "$cache"
    quiet='--quiet --disable-pip-version-check --root-user-action=ignore'
    trap 'rm -rf "$partial"' EXIT
    trap 'exit 1' HUP INT TERM
    # Debian splits ensurepip off into python3-venv.
    if python3 -m venv "$partial" >/dev/null 2>&1; then
        "$partial/bin/python" -m pip install $quiet -r "$requirements"
    else
        echo "no venv module: installing with pip --target"
        rm -rf "$partial"
        python3 -m pip install $quiet --target "$partial/site-packages" -r "$requirements"
    fi
    cp "$requirements" "$partial/requirements.txt"
    rm -rf "$packages"
    mv "$partial" "$packages"
fi

out=$cache/standin-$size$variant
python "$root/bench/standin/make.py" --size "$size" --out "$out" --architecture "$architecture" \
    --quantization "$quantization" $oracle
echo "$out"
