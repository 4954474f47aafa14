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
# does for encoders: onnxslim rewrites the graph, and weights get a scale for each channel and seven bits. `vnni` and
# `quint8` are optimum's commands for AVX-512 VNNI and AVX2, which also quantise products of activations. `quint8` calls
# AutoQuantizationConfig.avx2(is_static=False, per_channel=False). Sentence Transformers leaves per_channel at optimum's
# default, True. `vnni-channel` and `quint8-channel` are what its export_dynamic_quantized_onnx_model writes for
# "avx512_vnni" and "avx2". `fp32` and `fp16` stand for graphs on floats.
WEB: dict[str, Any] = {"weight_type": QuantType.QInt8, "extra_options": {"MatMulConstBOnly": True}}
# avx2() sets activations_dtype=QUInt8, activations_symmetric=False, weights_dtype=QUInt8, weights_symmetric=True,
# reduce_range=False, and all operators of onnxruntime's IntegerOpsRegistry. optimum calls ONNXQuantizer without
# MatMulConstBOnly, which then is False; quantize_dynamic takes a missing one for True.
OPTIMUM = {"MatMulConstBOnly": False, "WeightSymmetric": True, "ActivationSymmetric": False}
VNNI: dict[str, Any] = {"weight_type": QuantType.QInt8, "extra_options": OPTIMUM}
AVX2: dict[str, Any] = {"weight_type": QuantType.QUInt8, "reduce_range": False, "extra_options": OPTIMUM}
QUANTISERS: dict[str, dict[str, Any]] = {
    "web": WEB,
    "slim": WEB | {"per_channel": True, "reduce_range": True},
    "vnni": VNNI,
    "vnni-channel": VNNI | {"per_channel": True},
    "quint8": AVX2 | {"per_channel": False},
    "quint8-channel": AVX2 | {"per_channel": True},
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
