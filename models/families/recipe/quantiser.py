"""Quantises a graph as publishers do."""

from pathlib import Path
from typing import Any

from onnxruntime.quantization import QuantType, quantize_dynamic

# `web` is onnxruntime's quantiser as transformers.js calls it. `vnni` is the same as Sentence Transformers calls it for
# AVX-512 VNNI, which also quantises products of activations.
QUANTISERS: dict[str, dict[str, Any]] = {
    "web": {"weight_type": QuantType.QInt8, "extra_options": {"MatMulConstBOnly": True}},
    "vnni": {
        "weight_type": QuantType.QInt8,
        "extra_options": {"MatMulConstBOnly": False, "WeightSymmetric": True, "ActivationSymmetric": False},
    },
}


def quantise(source: Path, target: Path, quantiser: str) -> None:
    quantize_dynamic(source, target, per_channel=False, reduce_range=False, **QUANTISERS[quantiser])
