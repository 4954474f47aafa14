#!/usr/bin/env bash
# bench.sh [MEASUREMENT…]: measures this package beside onnxruntime-web and transformers.js on this machine. It prints a
# table and writes bench/results.json. Without names it runs every measurement of bench/run.mjs. FAMILIES=1 adds the rows
# of each family of cross-encoders.
source "$(dirname "$0")/environment.sh"
scripts/setup.sh bench
scripts/build.sh

say "models: the stand-in of bge-reranker-base with its exact twin, its tokenizer and other weights; ms-marco-MiniLM-L-12-v2; bge-small-en-v1.5"
tokenizer=$(models/standin/full-tokenizer.py | tail -n 1)
standin=$(models/standin/make.sh base --oracle | tail -n 1)
full_range=$(models/standin/make.sh base full-range | tail -n 1)
l12=$(models/l12/fetch.py | tail -n 1)

# link NAME FOLDER TOKENIZER: links a model in Hugging Face's layout into the folder that bench/models.mjs names.
link() {
  local target=$CACHE/bench-model/$1
  rm -rf "$target" && mkdir -p "$target/onnx"
  ln -s "$2"/onnx/*.onnx "$target/onnx/"
  ln -s "$2"/*.json* "$target/"
  # Sentence Transformers' way of pooling.
  [ ! -d "$2/1_Pooling" ] || ln -s "$2/1_Pooling" "$target/"
  ln -sf "$3" "$target/tokenizer.json"
}
link standin "$standin" "$tokenizer"
link standin-full-range "$full_range" "$tokenizer"
link l12 "$l12" "$l12/tokenizer.json"
bge_small=$(models/recall/fetch.py | tail -n 1)
link bge-small "$bge_small" "$bge_small/tokenizer.json"
# transformers.js reads these files, too.
cp pkg/mini/tokenizer_config.json "$CACHE/bench-model/standin/"
echo '{"tokenizer_class": "BertTokenizer", "model_max_length": 512, "pad_token": "[PAD]", "unk_token": "[UNK]",
  "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}' >"$CACHE/bench-model/bge-small/tokenizer_config.json"

if [ -n "${FAMILIES:-}" ]; then
  say "models: families of cross-encoders at MiniLM's size, and ModernBERT-base's size"
  families=$(models/families/make.sh --size minilm | tail -n 1)
  rm -rf "$CACHE/bench-model/families"
  for family in "$families"/*/; do link "families/$(basename "$family")" "${family%/}" "$l12/tokenizer.json"; done
  modernbert=$(models/families/make.sh --size modernbert-base | tail -n 1)
  link modernbert-base "$modernbert/modernbert" "$l12/tokenizer.json"
fi

say "the native command line"
cargo build --quiet --locked --features cli
# Another checkout may share the target directory and replace the binary during this run, so the run uses a copy.
export RERANK_NATIVE=$CACHE/bench-model/rerank-$$
trap 'rm -f "$RERANK_NATIVE"' EXIT
cp "$CARGO_TARGET_DIR/debug/rerank" "$RERANK_NATIVE"

say "the stand-in as a bundle for a 128 MB isolate"
RERANK_WASM_BUNDLE=$(RERANK_WASM_STANDIN=$standin RERANK_WASM_TOKENIZER=$tokenizer RERANK_WASM_NATIVE=$RERANK_NATIVE models/standin/bundle.sh | tail -n 1)
export RERANK_WASM_BUNDLE

say "measuring (about 15 minutes)"
"$(node -p 'require.resolve(`node-linux-${process.arch}/package.json`)' | xargs dirname)/bin/node" bench/run.mjs "$@"
