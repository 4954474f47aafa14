"""Reads the teacher's weights from its int8 ONNX file, under their names in transformers."""

import re
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

_LINEAR = re.compile(r"^/?(bert/.*|classifier)/(?:MatMul|Gemm)(?:_MatMul)?_quant$")


def read_teacher(file: Path) -> dict[str, np.ndarray]:
    """Returns the fp32 values of the int8 weights; a linear weight is [outputs, inputs]. Raises ValueError for another graph."""
    graph = onnx.load(file).graph
    stored = {initializer.name: numpy_helper.to_array(initializer) for initializer in graph.initializer}

    def exact(name: str) -> np.ndarray:
        integers = stored[f"{name}_quantized"].astype(np.float32)
        return (integers - stored[f"{name}_zero_point"].astype(np.float32)) * stored[f"{name}_scale"]

    weights = {name: value for name, value in stored.items() if not name.endswith(("_quantized", "_scale", "_zero_point"))}
    for table in ("word", "position", "token_type"):
        name = f"bert.embeddings.{table}_embeddings.weight"
        weights[name] = exact(name)
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        place = _LINEAR.match(node.name)
        if not place:
            raise ValueError(f"The graph has a matrix product {node.name}, which the teacher's lacks; pass the teacher's model.onnx.")
        weights[f"{place.group(1).replace('/', '.')}.weight"] = exact(node.input[1].removesuffix("_quantized")).T.copy()
    return {name: value.astype(np.float32) for name, value in weights.items() if name.startswith(("bert.", "classifier."))}
