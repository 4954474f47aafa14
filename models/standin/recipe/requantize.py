"""requantize.py SOURCE TARGET: quantises an ONNX file with float weights as the published int8 file was made."""

import sys
from pathlib import Path

from quantization import quantize

if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.parent.mkdir(parents=True, exist_ok=True)
    quantize(source, target)
