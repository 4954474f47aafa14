"""Copies the model and its card into pkg/mini, and writes their sizes and hashes into index.js and workerd.js."""

import hashlib
import re
import shutil
from pathlib import Path

from .settings import REPOSITORY, Settings

_FILES = ("onnx/model_quantized.onnx", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json", "README.md")


def install(settings: Settings) -> None:
    """Installs all files. If one is missing, it raises SystemExit and replaces none."""
    out, package = settings.work / "out", REPOSITORY / "pkg/mini"
    missing = [name for name in _FILES if not (out / name).exists()]
    if missing:
        raise SystemExit(f"The folder {out} lacks {', '.join(missing)}; run the steps from `export` to `card` first.")
    indices = {name: (package / name).read_text(encoding="utf-8") for name in ("index.js", "workerd.js")}
    for name in _FILES:
        content = (out / name).read_bytes()
        facts = f"size: {len(content):_},\n      sha256: '{hashlib.sha256(content).hexdigest()}'"
        # workerd.js imports the graph as a module, so its location there is a name.
        location = rf"(?:new URL\('\./{re.escape(name)}', import\.meta\.url\)|{Path(name).stem.removesuffix('_quantized')})"
        pattern = rf"(location: {location},\n\s+)size: [\d_]+,\n\s+sha256: '\w+'"
        indices = {index: re.sub(pattern, rf"\g<1>{facts}", text) for index, text in indices.items()}
        shutil.copy(out / name, package / name)
    for index, text in indices.items():
        (package / index).write_text(text, encoding="utf-8")
