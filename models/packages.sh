# packages.sh: Python with the packages of requirements files. Scripts set `root` and source it, then call
#
#     install_packages FOLDER REQUIREMENTS [OLDER]
#     python ARGUMENT…
#
# install_packages puts the packages into FOLDER of the cache folder, ${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}, unless they
# are there. The packages of OLDER go without those that they need to $older, for a script to put in front of the others.
cache=${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}
export PYTHONDONTWRITEBYTECODE=1

python() {
    if [ -x "$packages/bin/python" ]; then
        "$packages/bin/python" "$@"
    else
        PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}$packages/site-packages python3 "$@"
    fi
}

install_packages() {
    packages=$cache/$1
    older=$packages/older
    shift
    if cat "$@" | cmp -s - "$packages/requirements.txt" && python -c 'import numpy, onnx, onnxruntime'; then
        return
    fi
    echo "installing $* into $packages" >&2
    mkdir -p "$cache"
    partial=$packages.partial.$$
    quiet='--quiet --disable-pip-version-check --root-user-action=ignore'
    trap 'rm -rf "$partial"' EXIT
    trap 'exit 1' HUP INT TERM
    # Debian moves ensurepip to python3-venv, so the venv module may be missing.
    if python3 -m venv "$partial" >/dev/null 2>&1; then
        installer=$partial/bin/python
        "$installer" -m pip install $quiet -r "$1" >&2
    else
        echo "no venv module: installing with pip --target" >&2
        rm -rf "$partial"
        installer=python3
        "$installer" -m pip install $quiet --target "$partial/site-packages" -r "$1" >&2
    fi
    if [ $# -gt 1 ]; then
        "$installer" -m pip install $quiet --no-deps --target "$partial/older" -r "$2" >&2
    fi
    cat "$@" >"$partial/requirements.txt"
    rm -rf "$packages"
    mv "$partial" "$packages"
    trap - EXIT HUP INT TERM
}
