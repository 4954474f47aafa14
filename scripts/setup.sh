#!/usr/bin/env bash
# setup.sh SCOPE: installs the missing tools without questions. The scopes:
# - demo        the tools for one engine without threads, and of npm's packages those that compile TypeScript
# - build       the tools for the whole package
# - test        build, and the tools of the tests
# - everywhere  test, and the other browsers and runtimes
# - bench       test, and the packages that the benchmark compares with
#
# rustup provides the standard library for WebAssembly if its server answers. Otherwise Debian's source package does, and
# -Zbuild-std rebuilds it. RERANK_WASM_TOOLCHAIN=rustup|debian forces one of the two.
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

# Threads need a standard library with atomics, which must be compiled. Its source comes from rustup or from Debian.
threads_toolchain() {
  if [ "$(cat "$CACHE/toolchain")" = rustup ] && { rustup_has_source || rustup_adds_source; }; then
    echo rustup >"$CACHE/threads-toolchain"
  else
    debian_toolchain
    echo debian >"$CACHE/threads-toolchain"
  fi
}

rustup_has_source() { [ -f "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]; }

rustup_adds_source() {
  command -v rustup >/dev/null || return 1
  say "rustup component add rust-src"
  timeout 300 rustup component add rust-src || { say "rustup's server cannot be reached; trying Debian"; return 1; }
  rustup_has_source
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

# npm_packages SCOPE: `demo` installs the dependencies of package.json, which compile TypeScript. `build` installs its
# devDependencies, too: wasm-opt, Biome and esbuild, 210 MB. `test` adds the packages of the tests, `bench` all.
#
# `npm ci` would refuse a lock file without the optional packages of other platforms, and many registry mirrors lack some
# of them. --no-save leaves the lock file as it is.
npm_packages() {
  local sources workspaces=(--include-workspace-root --workspace pkg --workspace pkg/mini --workspace pkg/recall) installed
  sources=$(hash_of package.json package-lock.json pkg/package.json pkg/mini/package.json pkg/recall/package.json tests/packages/package.json bench/package.json)
  installed=$(cat node_modules/.stamp 2>/dev/null || true)
  case "$1 $installed" in
    "demo "*" $sources") return 0 ;;
    "build build $sources" | "build test $sources" | "test test $sources" | *" bench $sources") return 0 ;;
  esac
  say "npm install ($1)"
  case $1 in
    demo) npm_install --omit=dev "${workspaces[@]}" ;;
    build) npm_install "${workspaces[@]}" ;;
    test) npm_install "${workspaces[@]}" --workspace tests/packages ;;
    # The peers' install scripts would download runtimes for Node. The benchmark measures only their WebAssembly.
    bench) npm_install --ignore-scripts ;;
  esac
  echo "$1 $sources" >node_modules/.stamp
}

npm_install() { npm install --no-save --loglevel=error --prefer-offline "$@"; }

# The projects of tests/runtimes/everywhere install their bundlers as a user would.
everywhere() {
  command -v firefox-esr >/dev/null || apt_install firefox-esr
  scripts/webkit-next.sh >/dev/null || say "so the tests of the group webkit-next do not run"
  say "npm install (everywhere)"
  (cd tests/runtimes/everywhere && npm_install)
}

webkit() {
  command -v WebKitWebDriver >/dev/null || apt_install webkit2gtk-driver
  command -v Xvfb >/dev/null || apt_install xvfb
}

browser() {
  command -v "${CHROMIUM:-chromium}" >/dev/null || command -v google-chrome >/dev/null || apt_install chromium
}

# Each scope needs one scope of npm's packages.
case "${1:-}" in
  demo | build) packages=$1 ;;
  test | everywhere) packages=test ;;
  bench) packages=bench ;;
  *) fail "usage: setup.sh demo|build|test|everywhere|bench" ;;
esac
command -v cargo >/dev/null || fail "Rust is missing: https://rustup.rs"
command -v node >/dev/null || fail "Node 20 or newer is missing: https://nodejs.org"
beside npm_packages "$packages"
command -v cc >/dev/null || apt_install gcc libc6-dev
wasm_toolchain
[ "$1" = demo ] || threads_toolchain
if [ "$packages" = test ] || [ "$packages" = bench ]; then
  browser
  webkit
  command -v curl >/dev/null || apt_install curl
fi
together || fail "npm could not install its packages; see above"
[ "$1" != everywhere ] || everywhere
