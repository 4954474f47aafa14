#!/bin/sh
# python.sh ARGUMENT…: runs Python with the packages of requirements.txt. It installs them in python-bench of the cache
# folder, ${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}
packages=$cache/python-bench
requirements=$root/models/standin/requirements.txt
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
    echo "installing $requirements into $packages" >&2
    mkdir -p "$cache"
    quiet='--quiet --disable-pip-version-check --root-user-action=ignore'
    trap 'rm -rf "$partial"' EXIT
    trap 'exit 1' HUP INT TERM
    # Debian moves ensurepip to python3-venv, so the venv module may be missing.
    if python3 -m venv "$partial" >/dev/null 2>&1; then
        "$partial/bin/python" -m pip install $quiet -r "$requirements" >&2
    else
        echo "no venv module: installing with pip --target" >&2
        rm -rf "$partial"
        python3 -m pip install $quiet --target "$partial/site-packages" -r "$requirements" >&2
    fi
    cp "$requirements" "$partial/requirements.txt"
    rm -rf "$packages"
    mv "$partial" "$packages"
    trap - EXIT HUP INT TERM
fi
python "$@"
