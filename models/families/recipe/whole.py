"""Makes a model of a published size, to measure memory: FAMILY/onnx/model_quantized.onnx in int8 and FAMILY/config.json."""

from pathlib import Path

from exporter import export
from families import write_config
from quantiser import quantise
from sizes import SIZES

SIZE = SIZES["modernbert-base"]


def make(family: str, folder: Path) -> None:
    model = folder / family
    (model / "onnx").mkdir(parents=True)
    floats, rounded = model / "onnx" / "model.onnx", model / "onnx" / "model_quantized.onnx"
    export(family, SIZE, "torchscript", "sdpa", floats)
    quantise(floats, rounded, "slim")
    floats.unlink()
    write_config(family, SIZE, model)
