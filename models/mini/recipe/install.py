"""Puts the model into pkg/mini: its files, its card, and their sizes and hashes in index.js."""

import hashlib
import re
import shutil

from .settings import REPOSITORY, Settings

_FILES = ("onnx/model_quantized.onnx", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json", "README.md")


def install(settings: Settings) -> None:
    """Raises SystemExit where something was not made; then nothing is replaced."""
    out, package = settings.work / "out", REPOSITORY / "pkg/mini"
    missing = [name for name in _FILES if not (out / name).exists()]
    if missing:
        raise SystemExit(f"{out} lacks {', '.join(missing)}: run the steps from `export` to `card` first")
    index = package / "index.js"
    facts = index.read_text(encoding="utf-8")
    for name in _FILES:
        content = (out / name).read_bytes()
        described = f"size: {len(content):_},\n      sha256: '{hashlib.sha256(content).hexdigest()}'"
        facts = re.sub(rf"(new URL\('\./{re.escape(name)}', import\.meta\.url\),\n      )size: [\d_]+,\n      sha256: '\w+'", rf"\g<1>{described}", facts)
        shutil.copy(out / name, package / name)
    index.write_text(facts, encoding="utf-8")
