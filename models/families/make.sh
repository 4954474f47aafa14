#!/bin/sh
# Makes tiny cross-encoders with random weights by the exporters and quantisers that publish real ones, and prints their
# folder as the last line.
#
#     models/families/make.sh [FOLDER]
#
# FOLDER is families of the cache folder by default, ${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}. The packages of
# requirements.txt, 6 GB with CUDA's libraries, go to python-families there.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}
out=${1:-$cache/families}
packages=$cache/python-families
requirements=$root/models/families/requirements.txt
older=$root/models/families/requirements-4.txt
export PYTHONDONTWRITEBYTECODE=1

if ! cat "$requirements" "$older" | cmp -s - "$packages/requirements.txt"; then
    echo "installing $requirements and $older into $packages" >&2
    rm -rf "$packages"
    python3 -m venv "$packages"
    "$packages/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" >&2
    # transformers 4 needs older versions of packages that transformers 5 needs, too.
    "$packages/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$packages/older" -r "$older" >&2
    cat "$requirements" "$older" >"$packages/requirements.txt"
fi
recipe=$root/models/families/recipe/make.py
rm -rf "$out.partial"
"$packages/bin/python" "$recipe" "$out.partial" >&2
PYTHONPATH=$packages/older "$packages/bin/python" "$recipe" "$out.partial" bert xlm-roberta distilbert mpnet modernbert >&2
rm -rf "$out"
mv "$out.partial" "$out"
echo "$out"
