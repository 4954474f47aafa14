"""Exports cross-encoders with random weights, quantises them, and writes onnxruntime's logits.

    make.py SIZE FOLDER [FAMILY...]

SIZE is tiny, forms or minilm. FOLDER receives what tiny.py, forms.py or minilm.py describes.
"""

import logging
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import minilm
import forms
import tiny
from families import OF_SIZE


def main() -> None:
    size, out, families = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    make = {"tiny": tiny.make, "forms": forms.make, "minilm": minilm.make}[size]
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for family in families or OF_SIZE[size]:
            make(family, made)
        shutil.copytree(made, out, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
