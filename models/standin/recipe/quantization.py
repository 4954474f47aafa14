"""Quantises to int8 by onnxruntime's quantize_dynamic, as the published file was made, and back to fp32."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

# onnxruntime 1.20 and newer rename a Gemm's weight when they transpose it. The published file is older.
_TRANSPOSED = "_Transposed"


# Published files have one of these quantisations:
# - reduced: MatMul and Gemm weights become int8 in -64..=64 with a scale for each output;
# - full-range: the same in -127..=127;
# - unsigned: uint8 with one scale and zero point for each matrix.
# Embedding tables become 8-bit integers with one scale and zero point.
QUANTIZATIONS: dict[str, dict[str, Any]] = {
    "reduced": {"per_channel": True, "reduce_range": True, "weight_type": QuantType.QInt8},
    "full-range": {"per_channel": True, "reduce_range": False, "weight_type": QuantType.QInt8},
    "unsigned": {"per_channel": False, "reduce_range": False, "weight_type": QuantType.QUInt8},
}


def quantize(source: Path, target: Path, quantization: str = "reduced") -> onnx.ModelProto:
    """Quantises the fp32 model `source` into `target` and returns the quantised model."""
    # onnxruntime advises to run an optimiser first, which would change the graph.
    logging.getLogger().addFilter(
        lambda record: "pre-processing before quantization" not in record.getMessage()
    )
    quantize_dynamic(source, target, **QUANTIZATIONS[quantization])
    model = onnx.load(target)
    for initializer in model.graph.initializer:
        initializer.name = _published_name(initializer.name)
    for node in model.graph.node:
        node.input[:] = [_published_name(name) for name in node.input]
    onnx.save(model, target)
    return model


def _published_name(name: str) -> str:
    return name.replace(f"{_TRANSPOSED}_", "_")


def dequantize(original: onnx.ModelProto, quantized: onnx.ModelProto) -> None:
    """Replaces, in place, each weight of the fp32 model `original` by the value of its int8 form."""
    parts = {initializer.name: initializer for initializer in quantized.graph.initializer}
    gemm_weights = {node.input[1] for node in original.graph.node if node.op_type == "Gemm"}
    for initializer in original.graph.initializer:
        name = initializer.name
        if f"{name}_quantized" not in parts:
            continue
        integers, zero_point, scale = (
            numpy_helper.to_array(parts[f"{name}_{part}"]) for part in ("quantized", "zero_point", "scale")
        )
        values = integers.astype(np.float32)
        values -= zero_point.astype(np.float32)
        values *= scale
        # quantize_dynamic turns Gemm with transB into MatMul.
        values = np.ascontiguousarray(values.T) if name in gemm_weights else values
        initializer.CopyFrom(numpy_helper.from_array(values, name))
