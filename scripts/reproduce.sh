#!/usr/bin/env bash
# reproduce.sh: builds the engines and the converter anew, and compares them with those in pkg/dist, byte by byte. The second
# build has the same Rust and Node, another folder, an empty cache, and its own copy of the crates.
source "$(dirname "$0")/environment.sh"
scripts/build.sh
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
mkdir -p "$again/clone" "$again/cargo/registry"
# Files that are deleted are still in git's list.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' path; do
  [ ! -e "$path" ] || printf '%s\0' "$path"
done | tar --create --null --files-from=- | tar --extract --directory "$again/clone"
for part in "${CARGO_HOME:-$HOME/.cargo}"/registry/{cache,index}; do
  [ ! -d "$part" ] || cp -R "$part" "$again/cargo/registry"
done
(
  cd "$again/clone"
  unset CARGO_TARGET_DIR
  # rustup finds its toolchains by the first one.
  RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup} CARGO_HOME=$again/cargo RERANK_WASM_CACHE=$again/cache scripts/build.sh
)
for file in pkg/dist/wasm/*.wasm pkg/dist/cli/convert/converter.wasm.br; do
  cmp "$file" "$again/clone/$file" || fail "a second build made another $file"
  say "$(sha256 <"$file")  $file"
done
say "both builds made the same bytes"
