#!/usr/bin/env bash
# bundle.sh: converts the stand-in of bge-reranker-base's size to a bundle for a 128 MB isolate, in shards. It prints
# the bundle's folder as the last line. RERANK_WASM_STANDIN, RERANK_WASM_TOKENIZER and RERANK_WASM_NATIVE name the
# stand-in, the full tokenizer and the command line. The script makes those that are not set.
source "$(dirname "$0")/../../scripts/environment.sh"
standin=${RERANK_WASM_STANDIN:-$(models/standin/make.sh base | tail -n 1)}
tokenizer=${RERANK_WASM_TOKENIZER:-$(models/standin/full-tokenizer.py | tail -n 1)}
native=$(native_command_line)
source_folder=$CACHE/standin-bundle/source
bundle_folder=$CACHE/standin-bundle/bundle
rm -rf "$CACHE/standin-bundle" && mkdir -p "$source_folder/onnx" "$bundle_folder"
ln -s "$standin/config.json" "$tokenizer" "$source_folder"
ln -s "$standin/onnx/model_quantized.onnx" "$source_folder/onnx"
# A few pairs suffice, because the weights are random. Each pair takes seconds.
head -n 8 src/convert/sample.tsv >"$CACHE/standin-bundle/sample.tsv"
"$native" convert --model "$source_folder" "$bundle_folder/model.bundle" --name bge-reranker-base \
  --keep-pieces 32768 --languages en --max-memory 110MB --shard 25MiB --sample "$CACHE/standin-bundle/sample.tsv" >&2
echo "$bundle_folder"
