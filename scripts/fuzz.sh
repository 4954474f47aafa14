#!/usr/bin/env bash
# fuzz.sh [SECONDS]: runs every target of fuzz/ for this long, by default a minute. The cache keeps each target's corpus,
# and the next run starts from it.
source "$(dirname "$0")/environment.sh"
seconds=${1:-60}
VERSION=0.13.2
cargo_fuzz=$CACHE/tools/cargo-fuzz-$VERSION/bin/cargo-fuzz
if ! [ -x "$cargo_fuzz" ]; then
  say "cargo install cargo-fuzz $VERSION"
  CARGO_TARGET_DIR=$CACHE/target-tools cargo install --quiet cargo-fuzz --version "$VERSION" --root "$CACHE/tools/cargo-fuzz-$VERSION"
fi

# The crate's unsafe code is compiled for WebAssembly only, so the address sanitizer would check little here. Without it a
# target tries twice as many inputs. The default of one codegen unit would compile tract on one core.
options=(--fuzz-dir fuzz --target-dir "$CACHE/target-fuzz" --sanitizer none --codegen-units 16)

# A mutated model is seldom a model. A part of a model is read quickly, so the targets try more inputs.
model=tests/fixtures/standin-tiny/onnx/model_quantized.onnx
families=(tests/fixtures/families/*.onnx tests/fixtures/forms/*.onnx)
tokenizers=(tests/fixtures/standin-tiny/tokenizer.json tests/fixtures/tokenizers/*.json)
compact=$CACHE/fuzz-compact
mkdir -p "$compact"
for tokenizer in "${tokenizers[0]}" tests/fixtures/tokenizers/{unigram,albert,deberta-v2}.json; do
  cargo run --quiet --locked --features cli -- convert --tokenizer "$tokenizer" "$compact/$(basename "$tokenizer" .json)"
done
bundle=$CACHE/fuzz-bundle
cargo run --quiet --locked --features cli -- convert --model tests/fixtures/standin-tiny "$bundle" --bits 4 --rounding nearest >/dev/null
# seed TARGET DIRECTORY: writes the first inputs of a target.
seed() {
  mkdir -p "$2"
  case $1 in
    # The first byte is the size of the chunks.
    onnx)
      { printf '\377'; cat "$model"; } >"$2/model"; { printf '\002'; head -c 3000 "$model"; } >"$2/part"
      for file in tests/fixtures/external/*.onnx; do { printf '\377'; cat "$file"; } >"$2/external-$(basename "$file")"; done
      for file in "${families[@]}"; do { printf '\377'; cat "$file"; } >"$2/$(basename "$file")"; done
      ;;
    # The first byte chooses the bits. Files with weights beside them are followed by these.
    convert)
      for file in "$model" "${families[@]}"; do { printf '\001'; cat "$file"; } >"$2/$(basename "$file")"; done
      for file in tests/fixtures/external/*.onnx; do { printf '\000'; cat "$file" "${file}_data"; } >"$2/external-$(basename "$file")"; done
      ;;
    bundle) { printf '\377'; cat "$bundle"; } >"$2/bundle" ;;
    graph) cp "$model" "$2/model"; head -c 3000 "$model" >"$2/part"; cp "${families[@]}" "$2" ;;
    tokenizer_json) for file in "${tokenizers[@]}"; do { printf '\377'; cat "$file"; } >"$2/$(basename "$file")"; done ;;
    # The target adds the checksum.
    tokenizer_compact) for file in "$compact"/*; do { printf '\377'; head -c -4 "$file"; } >"$2/$(basename "$file")"; done ;;
    # The first byte chooses a tokenizer, the second says how often the text is repeated.
    tokenizer_encode)
      for index in 0 1 2 3 4 5 6; do printf "\\x0$index A heat pump warms a house in winter; é漢 [MASK]" >"$2/text$index"; done
      printf '\000\377x' >"$2/repeated"
      ;;
    *) fail "the fuzz target $1 has no first inputs; add them to seed() in scripts/fuzz.sh" ;;
  esac
}

# The target tokenizer_encode reads the published tokenizer if models/standin/full-tokenizer.py has made it.
published=$CACHE/tokenizer/tokenizer.json
if [ -z "${RERANK_WASM_TOKENIZER:-}" ] && [ -f "$published" ]; then export RERANK_WASM_TOKENIZER=$published; fi

# cargo-fuzz passes flags of a nightly compiler. This variable makes a stable compiler accept them.
export RUSTC_BOOTSTRAP=1
targets=(fuzz/fuzz_targets/*.rs)
say "building ${#targets[@]} fuzz targets"
"$cargo_fuzz" build "${options[@]}"
for path in "${targets[@]}"; do
  target=$(basename "$path" .rs)
  corpus=$CACHE/fuzz-corpus/$target
  log=$CACHE/fuzz-$target.log
  seed "$target" "$corpus"
  "$cargo_fuzz" run "${options[@]}" "$target" "$corpus" -- \
    -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 >"$log" 2>&1 ||
    { tail -n 60 "$log" | cut -c -300 >&2; grep -a -A 3 'panicked at' "$log" | cut -c -300 >&2 || true; fail "the fuzz target $target failed; the log above names the input, which reproduces the failure"; }
  awk -v target="$target" '/cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
    /number_of_executed_units/ { runs = $2 }
    END { printf "fuzz target %s: %d runs, %d edges covered, no failure\n", target, runs, edges }' "$log"
done
