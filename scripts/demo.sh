#!/usr/bin/env bash
# demo.sh: ranks a sample set with the small model. QUERY and FILE name another query and a file of documents; MODEL
# names another model.
source "$(dirname "$0")/environment.sh"

rank() { node pkg/dist/cli/main.js --model "${MODEL:-mini}" "$@"; }

if [ -n "${QUERY:-}${FILE:-}" ]; then
  [ -n "${QUERY:-}" ] && [ -n "${FILE:-}" ] || fail "set both QUERY and FILE, or neither for the samples"
  rank -- "$QUERY" "$FILE"
  exit
fi
sample() { node -p "JSON.parse(fs.readFileSync('www/samples.json', 'utf8')).$1.map(({ text }) => text).join('\n')"; }
passages=$(sample passages)
sample queries | while read -r query; do
  say "$query"
  rank --top-n 8 -- "$query" - <<<"$passages"
done
