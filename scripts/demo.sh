#!/usr/bin/env bash
# demo.sh: ranks a sample set with the small model. QUERY and FILE name another query and a file of documents; MODEL
# names another model.
source "$(dirname "$0")/environment.sh"

if [ -n "${QUERY:-}${FILE:-}" ]; then
  [ -n "${QUERY:-}" ] && [ -n "${FILE:-}" ] || fail "set both QUERY and FILE, or neither for the samples"
  node pkg/dist/cli/main.js --model "${MODEL:-mini}" -- "$QUERY" "$FILE"
else
  node scripts/demo-samples.mjs "${MODEL:-mini}"
fi
