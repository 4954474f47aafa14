#!/usr/bin/env bash
# check.sh: checks format, lints, imports and types, fuzzes each parser, and limits the sizes of the built files.
source "$(dirname "$0")/environment.sh"
scripts/setup.sh build
scripts/build.sh

say "cargo fmt, cargo clippy"
cargo fmt --check
cargo fmt --check --manifest-path scripts/bindgen/Cargo.toml
cargo clippy --quiet --locked --workspace --all-targets --features cli -- -D warnings
source scripts/bindgen.sh
cargo clippy --quiet --locked --manifest-path scripts/bindgen/Cargo.toml --target-dir "$BINDGEN_TARGET_DIR" --all-targets -- -D warnings
say "imports, biome, tsc"
node scripts/imports/check.mjs
node_modules/.bin/biome ci --error-on-warnings
node_modules/.bin/tsc -p pkg --noEmit
node_modules/.bin/tsc -p tests/types
scripts/fuzz.sh
say "sizes"
node scripts/sizes.mjs
