#!/bin/sh
# Makes cross-encoders with random weights by the exporters and quantisers that publish real ones, and prints their
# folder as the last line.
#
#     models/families/make.sh [--size tiny|forms|minilm|modernbert-base] [FOLDER]
#
# tiny (the default) is for tests, and so is forms, which has further forms of one family. minilm has the size of
# MiniLM-L6. It and modernbert-base are for measurements. FOLDER is families or families-SIZE of the cache folder by
# default, ${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}. The packages of requirements.txt, 6 GB with CUDA's libraries,
# go to python-families there.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$root/models/packages.sh"
size=tiny
if [ "${1:-}" = --size ]; then
    size=${2:-}
    shift 2
fi
case $size in
    tiny) out=${1:-$cache/families} kept= ;;
    forms) out=${1:-$cache/families-$size} kept= ;;
    minilm | modernbert-base) out=${1:-$cache/families-$size} kept=yes ;;
    *)
        echo "usage: models/families/make.sh [--size tiny|forms|minilm|modernbert-base] [FOLDER]" >&2
        exit 2
        ;;
esac
requirements=$root/models/families/requirements.txt

# The recipe and its packages determine what is made. The tests want it made anew.
made_from=$(cat "$requirements" "$root"/models/families/recipe/*.py | sha256sum | cut -c1-32)
if [ "$kept" ] && [ "$(cat "$out/stamp" 2>/dev/null)" = "$made_from" ]; then
    echo "$out is complete" >&2
    echo "$out"
    exit
fi
# transformers 4 needs older versions of packages that transformers 5 needs, too.
install_packages python-families "$requirements" "$root/models/families/requirements-4.txt"
recipe=$root/models/families/recipe/make.py

# transformers 4.46 runs on the other packages of transformers 4, except for tokenizers.
install_oldest() {
    oldest=$packages/oldest
    needed=$root/models/families/requirements-4.46.txt
    if cmp -s "$needed" "$oldest/requirements.txt"; then
        return
    fi
    rm -rf "$oldest"
    python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target "$oldest" \
        -r "$needed"
    cp "$needed" "$oldest/requirements.txt"
}

rm -rf "$out.partial"
python "$recipe" "$size" "$out.partial" >&2
if [ "$size" = tiny ]; then
    (
        install_oldest
        export PYTHONPATH="$older"
        python "$recipe" tiny "$out.partial" bert xlm-roberta distilbert mpnet deberta-v2 modernbert
        export PYTHONPATH="$oldest:$older"
        python "$recipe" tiny "$out.partial" deberta-v2
    ) >&2
fi
[ -z "$kept" ] || echo "$made_from" >"$out.partial/stamp"
rm -rf "$out"
mv "$out.partial" "$out"
echo "$out"
