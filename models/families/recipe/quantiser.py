"""Quantises a graph as publishers do."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxslim
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

# `web` is onnxruntime's quantiser with the settings of transformers.js. `slim` is what the converter of transformers.js
# does for encoders: onnxslim rewrites the graph, and weights get a scale for each channel and seven bits. `vnni` is the
# quantiser as Sentence Transformers calls it for AVX-512 VNNI, which also quantises products of activations. `fp32` and
# `fp16` stand for graphs on floats.
WEB: dict[str, Any] = {"weight_type": QuantType.QInt8, "extra_options": {"MatMulConstBOnly": True}}
QUANTISERS: dict[str, dict[str, Any]] = {
    "web": WEB,
    "slim": WEB | {"per_channel": True, "reduce_range": True},
    "vnni": {
        "weight_type": QuantType.QInt8,
        "extra_options": {"MatMulConstBOnly": False, "WeightSymmetric": True, "ActivationSymmetric": False},
    },
}


def before(source: Path, quantiser: str) -> onnx.ModelProto:
    """The graph that the quantiser takes."""
    model = onnx.load(source)
    return onnxslim.slim(model) if quantiser == "slim" else model


def quantise(source: Path, target: Path, quantiser: str) -> None:
    if quantiser == "fp32":
        shutil.copy(source, target)
    elif quantiser == "fp16":
        onnx.save(convert_float_to_float16(onnx.load(source), disable_shape_infer=True), target)
    else:
        quantize_dynamic(before(source, quantiser), target, **QUANTISERS[quantiser])
    remove_traces(target)


def dequantise(source: Path, rounded: Path, target: Path, quantiser: str) -> None:
    """Writes the graph before its quantisation, with the values of its integer weights."""
    model = before(source, quantiser)
    parts = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(rounded).graph.initializer}
    for tensor in model.graph.initializer:
        # The quantiser makes a MatMul of a Gemm.
        for name, axes in ((tensor.name, (0, 1)), (f"{tensor.name}_Transposed", (1, 0))):
            if f"{name}_quantized" in parts:
                integers, zero, scale = (parts[f"{name}_{part}"] for part in ("quantized", "zero_point", "scale"))
                values = (integers.astype(np.float32) - zero.astype(np.float32)) * scale
                tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values.transpose(axes)), tensor.name))
    onnx.save(model, target)


def remove_traces(path: Path) -> None:
    """Removes the metadata of dynamo, which holds paths of the machine that ran it."""
    model = onnx.load(path)
    messages = [*model.graph.node, *model.graph.value_info, *model.graph.initializer, model.graph]
    if any(message.metadata_props for message in messages):
        for message in messages:
            del message.metadata_props[:]
        onnx.save(model, path)
