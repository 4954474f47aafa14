#!/usr/bin/env bash
# test-command-line.sh: tests that the native binary ranks and converts, and that it explains its errors.
source "$(dirname "$0")/environment.sh"
cargo build --quiet --locked --features cli
rerank=$CARGO_TARGET_DIR/debug/rerank
documents=$(printf '%s\n' 'The giraffe is the tallest living land animal.' 'Paris is the capital of France.' '' 'Berlin is the capital of Germany.')

ranked=$("$rerank" score --model pkg/mini --top-n 2 'What is the capital of France?' - <<<"$documents")
[ "$(wc -l <<<"$ranked")" = 2 ] || fail "--top-n 2 must print two results; it printed: $ranked"
head -n 1 <<<"$ranked" | grep -q 'Paris is the capital of France.$' || fail "Paris must come first; the results were: $ranked"
listed=$("$rerank" score --json --model pkg/mini 'capital' - <<<"$documents")
head -n 1 <<<"$listed" | grep -q '"logit":' || fail "--json must print JSON with a logit; it printed: $listed"

expect_failure() {
  local message=$1; shift
  local output
  ! output=$("$rerank" "$@" 2>&1 <<<"$documents") || fail "the command must fail and did not: rerank $*"
  grep -qF -- "$message" <<<"$output" || fail "rerank $* must print '$message'; it printed: $output"
}
bundle=$(mktemp -d)/mini.bundle
trap 'rm -rf "$(dirname "$bundle")"' EXIT
# With the built-in pairs each conversion takes minutes.
sample=$(dirname "$bundle")/sample.tsv
head -n 8 src/convert/sample.tsv >"$sample"
"$rerank" convert --model pkg/mini "$bundle" --sample "$sample" --languages en --keep-pieces 30000 >/dev/null
"$rerank" score --model "$bundle" --top-n 1 'capital of France' - <<<"$documents" | grep -q 'Paris' || fail "a bundle must rank, too; Paris did not come first"
expect_failure '[invalid_input]' convert --model pkg/mini "$bundle.2" --languages xx
expect_failure '[invalid_input]' convert --model pkg/mini "$bundle.2" --max-memory 20MB
expect_failure 'is no size' convert --model pkg/mini "$bundle.2" --max-memory much
[ "$(ls "$(dirname "$bundle")" | tr '\n' ' ')" = 'mini.bundle sample.tsv ' ] || fail 'a failed conversion must leave no files; it left some'
shards=$(dirname "$bundle")/shards
mkdir "$shards"
for size in 8MiB 15MiB; do "$rerank" convert --model pkg/mini "$shards/m" --sample "$sample" --shard "$size" >/dev/null; done
[ "$(cd "$shards" && echo *)" = 'm.0 m.1 m.json' ] || fail "a conversion must replace the shards of an earlier one; the folder holds: $(ls "$shards")"
[ "$(grep -c '"m\.[01]"' "$shards/m.json")" = 2 ] || fail 'm.json must list the shards m.0 and m.1; it lists others'

logits() { "$rerank" logits --model "$bundle" "$@" <(head -n 1 tests/fixtures/mini_pairs.jsonl); }
rounded=$(logits) exact=$(logits --exact-activations)
awk -v a="$rounded" -v b="$exact" 'BEGIN { exit !(a != b && a - b < 1 && b - a < 1) }' || fail "the logits with rounded and exact activations must differ by less than 1 and not be equal; they are $rounded and $exact"
mkdir "$shards/full.1.partial"
expect_failure 'full.1' convert --model pkg/mini "$shards/full" --sample "$sample" --shard 8MiB
rmdir "$shards/full.1.partial"
[ "$(cd "$shards" && echo full*)" = 'full*' ] || fail "a conversion that cannot write all shards must leave none; the folder holds: $(ls "$shards")"

expect_failure '[invalid_input]' score --model pkg/mini ' ' -
expect_failure 'holds no graph' score --model src 'query' -
expect_failure 'No such file' score --model pkg/mini 'query' /nowhere
expect_failure '--model is missing' score 'query' -
expect_failure 'rerank score --model' rank
echo "13 passed, 0 failed"
