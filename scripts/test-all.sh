#!/usr/bin/env bash
# test-all.sh: runs every test, and exports the graphs of each family anew. It runs the package in Firefox, two WebKits,
# Deno, Bun and wrangler, and in projects of bundlers, Jest and TypeScript 5.
source "$(dirname "$0")/environment.sh"
scripts/setup.sh everywhere
scripts/test.sh
say "graphs of each family, exported anew"
families=$(models/families/make.sh | tail -n 1)
forms=$(models/families/make.sh --size forms | tail -n 1)
RERANK_WASM_FAMILIES=$families RERANK_WASM_FORMS=$forms cargo test --locked --features cli --test families --test forms
RERANK_WASM_ALL_MINILM=$(models/all-minilm/make.sh | tail -n 1)
export RERANK_WASM_ALL_MINILM
say "the package everywhere else"
RERANK_WASM_BGE_SMALL=$(models/recall/fetch.py | tail -n 1)
export RERANK_WASM_BGE_SMALL
# The tests of bundles, which Deno and Bun run, convert with it.
export RERANK_WASM_NATIVE=$CARGO_TARGET_DIR/debug/rerank
node tests/run.mjs runtimes all-minilm browsers bundlers wrangler
# Without root or a network there is no such WebKit. The group says so.
RERANK_WASM_ALLOW_SKIPS=1 node tests/run.mjs webkit-next
