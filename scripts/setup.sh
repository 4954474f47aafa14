#!/usr/bin/env bash
# setup.sh build|test: installs what building (or building and testing) needs and is not there yet; asks nothing.
#
# The wasm standard library comes from rustup where its server can be reached, else from Debian's source package,
# rebuilt with -Zbuild-std. RERANK_WASM_TOOLCHAIN=rustup|debian forces one of the two.
source "$(dirname "$0")/environment.sh"

wasm_toolchain() {
  local wanted=${RERANK_WASM_TOOLCHAIN:-} known=
  [ ! -f "$CACHE/toolchain" ] || known=$(cat "$CACHE/toolchain")
  if [ "$wanted" != debian ] && rustup_has_wasm; then
    echo rustup >"$CACHE/toolchain"
  elif [ "$wanted" != debian ] && [ "$known" != debian ] && rustup_adds_wasm; then
    echo rustup >"$CACHE/toolchain"
  elif [ "$wanted" != rustup ]; then
    debian_toolchain
    echo debian >"$CACHE/toolchain"
  else
    fail "rustup could not add the target wasm32-unknown-unknown"
  fi
}

rustup_has_wasm() {
  command -v rustc >/dev/null && [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib" ]
}

rustup_adds_wasm() {
  command -v rustup >/dev/null || return 1
  say "rustup target add wasm32-unknown-unknown"
  timeout 300 rustup target add wasm32-unknown-unknown || { say "rustup's server cannot be reached; trying Debian"; return 1; }
  rustup_has_wasm
}

debian_toolchain() {
  if ! [ -x /usr/bin/wasm-ld-22 ] || ! [ -d /usr/src/rustc-"$(debian_rust_version)" ] || ! [ -x /usr/bin/cargo ]; then
    apt_install rustc-web cargo-web rust-web-src lld-22
  fi
}

debian_rust_version() { [ -x /usr/bin/rustc ] && /usr/bin/rustc --version | cut -d' ' -f2 || echo none; }

wasm_bindgen() {
  local version root
  version=$(locked_version wasm-bindgen)
  root=$CACHE/tools/wasm-bindgen-$version
  [ ! -x "$root/bin/wasm-bindgen" ] || return 0
  say "cargo install wasm-bindgen-cli $version (about 2 minutes)"
  CARGO_TARGET_DIR=$CACHE/target-tools cargo install --quiet wasm-bindgen-cli --version "$version" --no-default-features --root "$root"
}

# Not `npm ci`: it refuses a lock file that lacks an optional package of another platform, and registry mirrors that do
# not carry all of those are common. --no-save leaves the lock file as it is.
# npm_packages SCOPE: `build` installs what the package is built with, `test` everything.
npm_packages() {
  local stamp
  stamp="$1 $(hash_of package.json package-lock.json pkg/package.json pkg/mini/package.json tests/js/package.json)"
  case "$(cat node_modules/.stamp 2>/dev/null || true)" in
    "$stamp" | "test ${stamp#* }") return 0 ;;
  esac
  say "npm install ($1)"
  if [ "$1" = build ]; then
    npm install --no-save --loglevel=error --prefer-offline --workspace pkg --workspace pkg/mini --include-workspace-root
  else
    npm install --no-save --loglevel=error --prefer-offline
  fi
  echo "$stamp" >node_modules/.stamp
}

chromium() {
  command -v "${CHROMIUM:-chromium}" >/dev/null || command -v google-chrome >/dev/null || apt_install chromium
}

case "${1:-}" in
  build) ;;
  test) ;;
  *) fail "usage: setup.sh build|test" ;;
esac
command -v cargo >/dev/null || fail "Rust is missing: https://rustup.rs"
command -v node >/dev/null || fail "Node 20 or newer is missing: https://nodejs.org"
command -v cc >/dev/null || apt_install gcc libc6-dev
wasm_toolchain
wasm_bindgen
npm_packages "$1"
[ "$1" = build ] || chromium
