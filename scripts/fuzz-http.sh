#!/usr/bin/env bash
# fuzz-http.sh [EXAMPLES]: schemathesis against the handler of rerank-wasm/edge, with what its OpenAPI document allows and
# with what it does not; 100 examples for each operation unless told, 10 seconds. Wants pkg/dist and node_modules.
source "$(dirname "$0")/environment.sh"
VERSION=4.32.5
tool=$CACHE/tools/schemathesis-$VERSION

if ! [ -d "$tool" ]; then
  say "pip install schemathesis $VERSION"
  partial=$tool.partial-$$
  options=(--quiet --disable-pip-version-check --root-user-action=ignore)
  # Not a venv: Debian splits ensurepip off into python3-venv.
  python3 -m pip install "${options[@]}" --target "$partial" "schemathesis==$VERSION"
  # A run beside this one may have been first.
  mv -T "$partial" "$tool" 2>/dev/null || rm -rf "$partial"
fi

export KEY=a-key-for-fuzzing
# It is read before the server, which begins beside this, may have made it.
: >"$CACHE/fuzz-http-$$"
node tests/support/servers/fuzz-server.mjs >"$CACHE/fuzz-http-$$" &
server=$!
trap 'kill "$server"; rm -f "$CACHE/fuzz-http-$$"' EXIT
for _ in {1..100}; do
  url=$(cat "$CACHE/fuzz-http-$$")
  [ -z "$url" ] || break
  sleep 0.1
done
[ -n "$url" ] || fail "the server does not start"
say "schemathesis on $url"
cd "$CACHE"
PYTHONPATH=$tool python3 -m schemathesis.cli run "$url/openapi.json" --header "Authorization: Bearer $KEY" --seed 1 \
  --max-examples "${1:-100}" --generation-database none
