"""Exports cross-encoders with random weights, quantises them, and writes onnxruntime's logits.

    make.py SIZE FOLDER [FAMILY...]

SIZE is tiny, forms, minilm or modernbert-base. FOLDER receives what tiny.py, forms.py, minilm.py or whole.py describes.
"""

import logging
import shutil
import sys
import tempfile
import warnings
from importlib import import_module
from pathlib import Path

from families import OF_SIZE

# transformers 4.46 lacks what forms.py imports, so only one of these is imported.
RECIPES = {"tiny": "tiny", "forms": "forms", "minilm": "minilm", "modernbert-base": "whole"}


def main() -> None:
    size, out, families = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    make = import_module(RECIPES[size]).make
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for family in families or OF_SIZE[size]:
            make(family, made)
        shutil.copytree(made, out, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
