#!/bin/sh
# Makes cross-encoders with random weights by the exporters and quantisers that publish real ones, and prints their folder
# as the last line.
#
#     models/families/make.sh [--size tiny|forms|minilm] [FOLDER]
#
# tiny (the default) is for tests, and so is forms, which has further forms of one family; minilm, the size of MiniLM-L6, is
# for measurements. FOLDER is families, families-forms or families-minilm of the cache folder by default,
# ${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}. The packages of requirements.txt, 6 GB with CUDA's libraries, go to
# python-families there.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$root/models/packages.sh"
size=tiny
if [ "${1:-}" = --size ]; then
    size=${2:-}
    shift 2
fi
case $size in
    tiny) out=${1:-$cache/families} ;;
    forms | minilm) out=${1:-$cache/families-$size} ;;
    *)
        echo "usage: models/families/make.sh [--size tiny|forms|minilm] [FOLDER]" >&2
        exit 2
        ;;
esac
requirements=$root/models/families/requirements.txt

# The recipe and its packages determine what is made.
made_from=$(cat "$requirements" "$root"/models/families/recipe/*.py | sha256sum | cut -c1-32)
if [ "$size" = minilm ] && [ "$(cat "$out/stamp" 2>/dev/null)" = "$made_from" ]; then
    echo "$out is complete" >&2
    echo "$out"
    exit
fi
# transformers 4 needs older versions of packages that transformers 5 needs, too.
install_packages python-families "$requirements" "$root/models/families/requirements-4.txt"
recipe=$root/models/families/recipe/make.py
rm -rf "$out.partial"
python "$recipe" "$size" "$out.partial" >&2
if [ "$size" = tiny ]; then
    (
        export PYTHONPATH="$older"
        python "$recipe" tiny "$out.partial" bert xlm-roberta distilbert mpnet deberta-v2 modernbert
    ) >&2
else
    echo "$made_from" >"$out.partial/stamp"
fi
rm -rf "$out"
mv "$out.partial" "$out"
echo "$out"
