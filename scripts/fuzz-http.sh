#!/usr/bin/env bash
# fuzz-http.sh [EXAMPLES]: schemathesis sends requests to the handler of rerank-wasm/edge, both requests that its OpenAPI
# document allows and others. Each operation receives 100 examples by default, which takes 10 seconds. The script needs
# pkg/dist and node_modules.
source "$(dirname "$0")/environment.sh"
VERSION=4.32.5
tool=$CACHE/tools/schemathesis-$VERSION

if ! [ -d "$tool" ]; then
  say "pip install schemathesis $VERSION"
  partial=$tool.partial-$$
  options=(--quiet --disable-pip-version-check --root-user-action=ignore)
  # Debian moves ensurepip to python3-venv, so a plain Python cannot make a venv; --target works everywhere.
  python3 -m pip install "${options[@]}" --target "$partial" "schemathesis==$VERSION"
  # A parallel run may already have installed it; then this copy goes.
  mv -T "$partial" "$tool" 2>/dev/null || rm -rf "$partial"
fi

export KEY=a-key-for-fuzzing
# The loop below may read this file before the server writes it.
: >"$CACHE/fuzz-http-$$"
node tests/support/servers/fuzz-server.mjs >"$CACHE/fuzz-http-$$" &
server=$!
trap 'kill "$server"; rm -f "$CACHE/fuzz-http-$$"' EXIT
for _ in {1..100}; do
  url=$(cat "$CACHE/fuzz-http-$$")
  [ -z "$url" ] || break
  sleep 0.1
done
[ -n "$url" ] || fail "the fuzz server printed no URL within 10 seconds; its own error stands above"
say "schemathesis on $url"
cd "$CACHE"
# Two rules are beyond JSON Schema: as many queries as documents, and a document with one of the fields that are ranked.
# tests/unit/edge/openapi.test.js compares what the schemas allow with what the handler takes.
PYTHONPATH=$tool python3 -m schemathesis.cli run "$url/openapi.json" --header "Authorization: Bearer $KEY" --seed 1 \
  --max-examples "${1:-100}" --generation-database none --exclude-checks positive_data_acceptance
