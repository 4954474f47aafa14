"""Writes graphs of the tests with their weights in a second file, as onnx saves large models.

    external.py FOLDER
"""

import sys
from pathlib import Path

import onnx

FIXTURES = Path(__file__).parents[2] / "tests/fixtures"
SOURCES = {
    "int8": FIXTURES / "standin-tiny/onnx/model_quantized.onnx",
    "fp32": FIXTURES / "families/bert-5-torchscript-sdpa-fp32.onnx",
}


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in SOURCES.items():
        data = folder / f"{name}.onnx_data"
        # onnx appends to a file that exists.
        data.unlink(missing_ok=True)
        onnx.save_model(onnx.load(source), folder / f"{name}.onnx", save_as_external_data=True, location=data.name)


if __name__ == "__main__":
    main()
