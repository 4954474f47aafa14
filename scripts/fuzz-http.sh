#!/usr/bin/env bash
# fuzz-http.sh [EXAMPLES]: schemathesis sends requests to the handler of rerank-wasm/edge, both requests that its OpenAPI
# document allows and others. Each operation receives 100 examples by default, which takes 10 seconds. The script needs
# pkg/dist, node_modules and bge-small-en-v1.5.
source "$(dirname "$0")/environment.sh"
source scripts/python-tool.sh
python_tool schemathesis 4.32.5
export KEY=a-key-for-fuzzing
serve_for fuzz-http node tests/support/servers/model-server.mjs
say "schemathesis on $URL"
cd "$CACHE"
# Three rules are beyond JSON Schema. There are as many queries as documents, a document has one of the fields that are
# ranked, and a list holds texts or token ids. tests/unit/edge/openapi.test.js compares what the schemas allow.
PYTHONPATH=$PYTHON_TOOL python3 -m schemathesis.cli run "$URL/openapi.json" --header "Authorization: Bearer $KEY" --seed 1 \
  --max-examples "${1:-100}" --generation-database none --exclude-checks positive_data_acceptance
