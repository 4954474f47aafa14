# The other scripts source this file: it sets their folders and defines shared functions. Build output lives outside the
# checkout, so that a fresh clone reuses it.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${RERANK_WASM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rerank-wasm}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
mkdir -p "$CACHE"
cd "$REPOSITORY"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# apt_install PACKAGE...: installs Debian's packages, as root or through sudo.
apt_install() {
  command -v apt-get >/dev/null || fail "please install $* by hand: this machine has no apt-get"
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  say "apt-get install $*"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# locked_version CRATE [LOCK_FILE]: prints the crate's version in Cargo.lock or in LOCK_FILE.
locked_version() { awk -v name="\"$1\"" '$1 == "name" && $3 == name { getline; gsub(/"/, "", $3); print $3; exit }' "${2:-Cargo.lock}"; }

# show_progress LABEL FORM COMMAND...: runs a cargo command and reports its progress; see progress.mjs.
show_progress() {
  local label=$1 form=$2
  shift 2
  CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=100 "$@" 2>&1 | node scripts/progress.mjs "$label" "$form"
}

# beside COMMAND...: starts the command in the background. `together` waits for all of these commands, and fails if one
# failed. Each is a process group, so that all its processes end with the script.
BESIDE=()
beside() {
  set -m
  "$@" </dev/null &
  set +m
  BESIDE+=($!)
  trap end_beside EXIT
}
together() {
  local process failed=0
  for process in ${BESIDE[@]+"${BESIDE[@]}"}; do wait "$process" || failed=1; done
  BESIDE=()
  return $failed
}
end_beside() {
  local process
  for process in ${BESIDE[@]+"${BESIDE[@]}"}; do kill -- "-$process" 2>/dev/null || true; done
}

# native_command_line: prints the path of the native command line. It builds it unless RERANK_WASM_NATIVE names one. The
# build is a release, because the command runs for minutes.
native_command_line() {
  [ -n "${RERANK_WASM_NATIVE:-}" ] || cargo build --locked --release --features cli >&2
  echo "${RERANK_WASM_NATIVE:-$CARGO_TARGET_DIR/release/rerank}"
}

# hash_of FILE...: prints one digest over names and contents.
hash_of() { cat <(printf '%s\n' "$@") "$@" | sha256 | cut -c1-32; }
sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; }
