#!/usr/bin/env bash
# reproduce.sh: builds the engines and the converter anew, in another folder with an empty cache, and compares them with
# those in pkg/dist, byte by byte.
source "$(dirname "$0")/environment.sh"
scripts/build.sh
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
git clone --quiet "$REPOSITORY" "$again/clone"
# What is not committed counts, too.
git ls-files --modified --others --exclude-standard -z | tar --create --null --files-from=- --ignore-failed-read 2>/dev/null | tar --extract --directory "$again/clone"
(
  cd "$again/clone"
  unset CARGO_TARGET_DIR
  RERANK_WASM_CACHE=$again/cache scripts/build.sh
)
for file in pkg/dist/wasm/*.wasm pkg/dist/cli/convert/converter.wasm.br; do
  cmp "$file" "$again/clone/$file" || fail "a second build made another $file"
  say "$(sha256 <"$file")  $file"
done
say "both builds made the same bytes"
