"""Builds the encoder that PyTorch 1.13 exports to ONNX for XLM-RoBERTa and BERT (transformers 4.33)."""

from collections import Counter
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dimensions import Dimensions

# The exporter numbers the values of its graph as it makes them. It numbers folded weights last. Folded shape
# constants come between them and cause the gaps.
LAYER_MATMUL_OFFSETS = {
    "attention.self.query": 0,
    "attention.self.key": 1,
    "attention.self.value": 4,
    "attention.output.dense": 10,
    "intermediate.dense": 11,
    "output.dense": 12,
}


def matmul_weight_name(layers: int, layer: int, linear: str) -> str:
    # An export with 6 layers has 817. The slope is an estimate, so the number may be off for other depths.
    first = 79 + 123 * layers
    return f"onnx::MatMul_{first + 13 * layer + LAYER_MATMUL_OFFSETS[linear]}"


class Exporter:
    """Appends nodes and names them as the exporter does: `/scope/Op`, `/scope/Op_1`, …

    A method takes and returns names of values.
    """

    def __init__(self, dimensions: Dimensions) -> None:
        self.dimensions = dimensions
        self.nodes: list[onnx.NodeProto] = []
        self._used: Counter[str] = Counter()

    def node(
        self, scope: str, op_type: str, *inputs: str, output: str | None = None, **attributes: Any
    ) -> str:
        base = f"{scope}/{op_type}"
        count = self._used[base]
        self._used[base] += 1
        name = f"{base}_{count}" if count else base
        output = output or f"{name}_output_0"
        self.nodes.append(helper.make_node(op_type, list(inputs), [output], name=name, **attributes))
        return output

    def constant(self, scope: str, value: object, dtype: type = np.int64) -> str:
        return self.node(scope, "Constant", value=numpy_helper.from_array(np.array(value, dtype=dtype)))

    def dimension(self, scope: str, tensor: str, axis: int) -> str:
        """Returns a size of `tensor`, as a scalar."""
        shape = self.node(scope, "Shape", tensor)
        return self.node(scope, "Gather", shape, self.constant(scope, axis), axis=0)

    def attention_mask(self, scope: str) -> str:
        """Returns the additive mask [batch, 1, 1, sequence]."""
        mask = self.node(scope, "Unsqueeze", "attention_mask", axes=[1])
        mask = self.node(scope, "Unsqueeze", mask, axes=[2])
        mask = self.node(scope, "Cast", mask, to=TensorProto.FLOAT)
        masked = self.node(scope, "Sub", self.constant(scope, 1.0, np.float32), mask)
        lowest = self.constant(scope, np.finfo(np.float32).min, np.float32)
        return self.node(scope, "Mul", masked, lowest)

    def buffer_row(self, scope: str, buffer: str, name: str, values: np.ndarray, sequence: str) -> str:
        """Returns the start of a [1, positions] buffer of the module, as long as the sequence."""
        # The buffer belongs to no scope, so the exporter names and numbers it separately.
        tensor = numpy_helper.from_array(values.reshape(1, -1))
        self.nodes.append(helper.make_node("Constant", [], [buffer], name=name, value=tensor))
        start = self.constant(scope, [0])
        end = self.node(scope, "Unsqueeze", sequence, axes=[0])
        axes = self.constant(scope, [1])
        return self.node(scope, "Slice", buffer, start, end, axes, self.constant(scope, [1]))

    def lookup(self, scope: str, table: str, indices: str) -> str:
        return self.node(f"{scope}/{table}", "Gather", f"{parameter(scope)}.{table}.weight", indices)

    def layer_norm(self, scope: str, tensor: str) -> str:
        mean = self.node(scope, "ReduceMean", tensor, axes=[-1])
        centred = self.node(scope, "Sub", tensor, mean)
        square = self.node(scope, "Pow", centred, self.constant(scope, 2.0, np.float32))
        variance = self.node(scope, "ReduceMean", square, axes=[-1])
        epsilon = self.constant(scope, self.dimensions.layer_norm_eps, np.float32)
        deviation = self.node(scope, "Sqrt", self.node(scope, "Add", variance, epsilon))
        normed = self.node(scope, "Div", centred, deviation)
        scaled = self.node(scope, "Mul", normed, f"{parameter(scope)}.weight")
        return self.node(scope, "Add", scaled, f"{parameter(scope)}.bias")

    def linear(self, layer: int, name: str, tensor: str) -> str:
        scope = f"/{self.dimensions.scope}/encoder/layer.{layer}/{name.replace('.', '/')}"
        weight = matmul_weight_name(self.dimensions.num_hidden_layers, layer, name)
        product = self.node(scope, "MatMul", tensor, weight)
        return self.node(scope, "Add", f"{parameter(scope)}.bias", product)

    def attention(self, layer: int, hidden: str, mask: str) -> str:
        scope = f"/{self.dimensions.scope}/encoder/layer.{layer}/attention/self"
        query = self.linear(layer, "attention.self.query", hidden)
        key = self._split_heads(scope, self.linear(layer, "attention.self.key", hidden))
        value = self._split_heads(scope, self.linear(layer, "attention.self.value", hidden))
        value = self.node(scope, "Transpose", value, perm=[0, 2, 1, 3])
        query = self.node(scope, "Transpose", self._split_heads(scope, query), perm=[0, 2, 1, 3])
        key = self.node(scope, "Transpose", key, perm=[0, 2, 3, 1])
        scores = self.node(scope, "MatMul", query, key)
        scores = self.node(
            scope, "Div", scores, self.constant(scope, self.dimensions.head_size**0.5, np.float32)
        )
        scores = self.node(scope, "Add", scores, mask)
        context = self.node(scope, "MatMul", self.node(scope, "Softmax", scores, axis=3), value)
        context = self.node(scope, "Transpose", context, perm=[0, 2, 1, 3])
        return self._reshape(scope, context, [self.dimensions.hidden_size])

    def _split_heads(self, scope: str, tensor: str) -> str:
        return self._reshape(scope, tensor, [self.dimensions.num_attention_heads, self.dimensions.head_size])

    def _reshape(self, scope: str, tensor: str, trailing: list[int]) -> str:
        """Reshapes to [batch, sequence, *trailing]."""
        sizes = [self.dimension(scope, tensor, axis) for axis in (0, 1)]
        parts = [self.node(scope, "Unsqueeze", size, axes=[0]) for size in sizes]
        parts += [self.constant(scope, [size]) for size in trailing]
        return self.node(scope, "Reshape", tensor, self.node(scope, "Concat", *parts, axis=0))

    def gelu(self, scope: str, tensor: str) -> str:
        scaled = self.node(scope, "Div", tensor, self.constant(scope, 2**0.5, np.float32))
        erf = self.node(scope, "Erf", scaled)
        gate = self.node(scope, "Add", erf, self.constant(scope, 1.0, np.float32))
        product = self.node(scope, "Mul", tensor, gate)
        return self.node(scope, "Mul", product, self.constant(scope, 0.5, np.float32))

    def layer(self, layer: int, hidden: str, mask: str) -> str:
        scope = f"/{self.dimensions.scope}/encoder/layer.{layer}"
        context = self.attention(layer, hidden, mask)
        context = self.linear(layer, "attention.output.dense", context)
        hidden = self.node(f"{scope}/attention/output", "Add", context, hidden)
        hidden = self.layer_norm(f"{scope}/attention/output/LayerNorm", hidden)
        inner = self.linear(layer, "intermediate.dense", hidden)
        inner = self.gelu(f"{scope}/intermediate/intermediate_act_fn", inner)
        inner = self.linear(layer, "output.dense", inner)
        hidden = self.node(f"{scope}/output", "Add", inner, hidden)
        return self.layer_norm(f"{scope}/output/LayerNorm", hidden)

    def gemm(self, scope: str, tensor: str, output: str | None = None) -> str:
        parameters = (f"{parameter(scope)}.weight", f"{parameter(scope)}.bias")
        return self.node(scope, "Gemm", tensor, *parameters, output=output, alpha=1.0, beta=1.0, transB=1)


def parameter(scope: str) -> str:
    return scope.removeprefix("/").replace("/", ".")
