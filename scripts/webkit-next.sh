#!/usr/bin/env bash
# webkit-next.sh: installs the WebKitGTK of Debian 13 and its WebDriver in a folder apart, ~/.cache/rerank-wasm/webkit-trixie,
# and reuses what is there. Unlike Debian 12's, it has relaxed SIMD. The browser runs by in-chroot.sh. If this machine cannot
# have it, the script says why and fails.
source "$(dirname "$0")/environment.sh"
FOLDER=$CACHE/webkit-trixie
PARTIAL=$FOLDER.partial
DEBIAN=http://deb.debian.org

# Each step that needs a server ends after this time.
MOST_SECONDS=900

without() { fail "no WebKitGTK of Debian 13: $*"; }

base_system() {
  timeout "$MOST_SECONDS" debootstrap --variant=minbase trixie "$PARTIAL" "$DEBIAN/debian"
  printf "deb $DEBIAN/%s main\n" "debian trixie" "debian trixie-updates" "debian-security trixie-security" >"$PARTIAL/etc/apt/sources.list"
}

browser() {
  timeout "$MOST_SECONDS" scripts/in-chroot.sh "$PARTIAL" env DEBIAN_FRONTEND=noninteractive sh -c '
    apt-get update -qq &&
    apt-get install -y -qq --no-install-recommends webkit2gtk-driver &&
    apt-get clean'
}

[ "$(uname -s)" = Linux ] || without "it needs Linux"
[ "$(id -u)" = 0 ] || without "chroot needs root"
unshare --mount true 2>/dev/null || without "this machine allows no mounts"
exec 9>"$FOLDER.lock"
flock --wait "$MOST_SECONDS" 9 || without "another process has been installing it for $MOST_SECONDS s"
if [ ! -d "$FOLDER" ]; then
  command -v debootstrap >/dev/null || (apt_install debootstrap debian-archive-keyring) || without "debootstrap is missing"
  rm -rf --one-file-system "$PARTIAL"
  say "Debian 13 with WebKitGTK in $FOLDER, 900 MB"
  log=$FOLDER.log
  # Mounts of a script that was stopped end with its namespace.
  export -f base_system
  export PARTIAL DEBIAN MOST_SECONDS
  unshare --mount bash -euc base_system >"$log" 2>&1 || { tail -n 5 "$log" >&2; without "debootstrap failed; see $log"; }
  browser >>"$log" 2>&1 || { tail -n 5 "$log" >&2; without "apt-get failed; see $log"; }
  mv "$PARTIAL" "$FOLDER"
fi
echo "$FOLDER"
