"""Quantises a graph as publishers do."""

import shutil
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

# `web` is onnxruntime's quantiser as transformers.js calls it. `vnni` is the same as Sentence Transformers calls it for
# AVX-512 VNNI, which also quantises products of activations. `fp32` and `fp16` stand for graphs on floats.
QUANTISERS: dict[str, dict[str, Any]] = {
    "web": {"weight_type": QuantType.QInt8, "extra_options": {"MatMulConstBOnly": True}},
    "vnni": {
        "weight_type": QuantType.QInt8,
        "extra_options": {"MatMulConstBOnly": False, "WeightSymmetric": True, "ActivationSymmetric": False},
    },
}


def quantise(source: Path, target: Path, quantiser: str) -> None:
    if quantiser == "fp32":
        shutil.copy(source, target)
    elif quantiser == "fp16":
        onnx.save(convert_float_to_float16(onnx.load(source), disable_shape_infer=True), target)
    else:
        quantize_dynamic(source, target, per_channel=False, reduce_range=False, **QUANTISERS[quantiser])
    remove_traces(target)


def remove_traces(path: Path) -> None:
    """Removes the metadata of dynamo, which holds paths of the machine that ran it."""
    model = onnx.load(path)
    messages = [*model.graph.node, *model.graph.value_info, *model.graph.initializer, model.graph]
    if any(message.metadata_props for message in messages):
        for message in messages:
            del message.metadata_props[:]
        onnx.save(model, path)
