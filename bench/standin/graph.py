"""The fp32 ONNX graph that PyTorch 1.13 exports for XLMRobertaForSequenceClassification (transformers 4.33).

Opset 11, constants folded: node for node and name for name what `torch.onnx.export` writes, so that what is
written for the published file can be tested on weights of any size.
"""

from collections import Counter
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dimensions import Dimensions
from weights import Weights

_PAD_TOKEN = 1

# The exporter numbers the values of its graph as it makes them. Folded weights are numbered after all others,
# and between them come the folded shape constants, hence the gaps.
_LAYER_MATMUL_OFFSETS = {
    "attention.self.query": 0,
    "attention.self.key": 1,
    "attention.self.value": 4,
    "attention.output.dense": 10,
    "intermediate.dense": 11,
    "output.dense": 12,
}


def _matmul_weight_name(layers: int, layer: int, linear: str) -> str:
    # Seen: 817 with 6 layers. The slope is an estimate, so with other depths only the number may be off.
    first = 79 + 123 * layers
    return f"onnx::MatMul_{first + 13 * layer + _LAYER_MATMUL_OFFSETS[linear]}"


class _Exporter:
    """Appends nodes named the exporter's way: `/scope/Op`, `/scope/Op_1`, …

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
        """A size of `tensor`, as a scalar."""
        shape = self.node(scope, "Shape", tensor)
        return self.node(scope, "Gather", shape, self.constant(scope, axis), axis=0)

    def attention_mask(self, scope: str) -> tuple[str, str]:
        """Returns the additive mask [batch, 1, 1, sequence] and the token type ids [batch, sequence]."""
        batch = self.dimension(scope, "input_ids", 0)
        sequence = self.dimension(scope, "input_ids", 1)
        token_types = self._token_types(scope, batch, sequence)
        mask = self.node(scope, "Unsqueeze", "attention_mask", axes=[1])
        mask = self.node(scope, "Unsqueeze", mask, axes=[2])
        mask = self.node(scope, "Cast", mask, to=TensorProto.FLOAT)
        masked = self.node(scope, "Sub", self.constant(scope, 1.0, np.float32), mask)
        lowest = self.constant(scope, np.finfo(np.float32).min, np.float32)
        return self.node(scope, "Mul", masked, lowest), token_types

    def _token_types(self, scope: str, batch: str, sequence: str) -> str:
        buffer = f"onnx::Slice_{19 + 16 * self.dimensions.num_hidden_layers}"
        zeros = np.zeros((1, self.dimensions.max_position_embeddings), np.int64)
        # A buffer of the module, not a value of any scope: the exporter names and numbers it on its own.
        self.nodes.append(
            helper.make_node(
                "Constant", [], [buffer], name="Constant_7", value=numpy_helper.from_array(zeros)
            )
        )
        start = self.constant(scope, [0])
        end = self.node(scope, "Unsqueeze", sequence, axes=[0])
        axes = self.constant(scope, [1])
        row = self.node(scope, "Slice", buffer, start, end, axes, self.constant(scope, [1]))
        shape = self.node(
            scope,
            "Concat",
            self.node(scope, "Unsqueeze", batch, axes=[0]),
            self.node(scope, "Unsqueeze", sequence, axes=[0]),
            axis=0,
        )
        shape = self.node(scope, "Reshape", shape, self.constant(scope, [-1]))
        ones_shape = self.node(scope, "Shape", shape)
        one = numpy_helper.from_array(np.array([1], np.int64))
        ones = self.node(scope, "ConstantOfShape", ones_shape, value=one)
        minus_ones = self.node(scope, "Mul", ones, self.constant(scope, -1))
        keep = self.node(scope, "Equal", shape, minus_ones)
        return self.node(scope, "Expand", row, self.node(scope, "Where", keep, ones, shape))

    def embeddings(self, scope: str, token_types: str) -> str:
        pad = self.constant(scope, _PAD_TOKEN)
        present = self.node(scope, "Not", self.node(scope, "Equal", "input_ids", pad))
        present = self.node(scope, "Cast", present, to=TensorProto.INT32)
        count = self.node(scope, "CumSum", present, self.constant(scope, 1, np.int32))
        count = self.node(scope, "Mul", count, present)
        count = self.node(scope, "Cast", count, to=TensorProto.INT64)
        positions = self.node(scope, "Add", count, self.constant(scope, _PAD_TOKEN))
        words = self._lookup(scope, "word_embeddings", "input_ids")
        total = self.node(scope, "Add", words, self._lookup(scope, "token_type_embeddings", token_types))
        total = self.node(scope, "Add", total, self._lookup(scope, "position_embeddings", positions))
        return self.layer_norm(f"{scope}/LayerNorm", total)

    def _lookup(self, scope: str, table: str, indices: str) -> str:
        return self.node(f"{scope}/{table}", "Gather", f"{_parameter(scope)}.{table}.weight", indices)

    def layer_norm(self, scope: str, tensor: str) -> str:
        mean = self.node(scope, "ReduceMean", tensor, axes=[-1])
        centred = self.node(scope, "Sub", tensor, mean)
        square = self.node(scope, "Pow", centred, self.constant(scope, 2.0, np.float32))
        variance = self.node(scope, "ReduceMean", square, axes=[-1])
        epsilon = self.constant(scope, self.dimensions.layer_norm_eps, np.float32)
        deviation = self.node(scope, "Sqrt", self.node(scope, "Add", variance, epsilon))
        normed = self.node(scope, "Div", centred, deviation)
        scaled = self.node(scope, "Mul", normed, f"{_parameter(scope)}.weight")
        return self.node(scope, "Add", scaled, f"{_parameter(scope)}.bias")

    def linear(self, layer: int, name: str, tensor: str) -> str:
        scope = f"/roberta/encoder/layer.{layer}/{name.replace('.', '/')}"
        weight = _matmul_weight_name(self.dimensions.num_hidden_layers, layer, name)
        product = self.node(scope, "MatMul", tensor, weight)
        return self.node(scope, "Add", f"{_parameter(scope)}.bias", product)

    def attention(self, layer: int, hidden: str, mask: str) -> str:
        scope = f"/roberta/encoder/layer.{layer}/attention/self"
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
        scope = f"/roberta/encoder/layer.{layer}"
        context = self.attention(layer, hidden, mask)
        context = self.linear(layer, "attention.output.dense", context)
        hidden = self.node(f"{scope}/attention/output", "Add", context, hidden)
        hidden = self.layer_norm(f"{scope}/attention/output/LayerNorm", hidden)
        inner = self.linear(layer, "intermediate.dense", hidden)
        inner = self.gelu(f"{scope}/intermediate/intermediate_act_fn", inner)
        inner = self.linear(layer, "output.dense", inner)
        hidden = self.node(f"{scope}/output", "Add", inner, hidden)
        return self.layer_norm(f"{scope}/output/LayerNorm", hidden)

    def classifier(self, hidden: str, first_token: str) -> None:
        first = self.node("/classifier", "Gather", hidden, first_token, axis=1)
        dense = self._gemm("dense", first)
        self._gemm("out_proj", self.node("/classifier", "Tanh", dense), output="logits")

    def _gemm(self, name: str, tensor: str, output: str | None = None) -> str:
        parameters = (f"classifier.{name}.weight", f"classifier.{name}.bias")
        return self.node(
            f"/classifier/{name}", "Gemm", tensor, *parameters, output=output, alpha=1.0, beta=1.0, transB=1
        )


def _parameter(scope: str) -> str:
    return scope.removeprefix("/").replace("/", ".")


def _initializers(dimensions: Dimensions, weights: Weights) -> list[onnx.TensorProto]:
    """Parameters in the model's order, then the transposed weights of the layers' MatMuls."""
    transposed = {
        f"roberta.encoder.layer.{layer}.{linear}.weight": _matmul_weight_name(
            dimensions.num_hidden_layers, layer, linear
        )
        for layer in range(dimensions.num_hidden_layers)
        for linear in _LAYER_MATMUL_OFFSETS
    }
    kept = [numpy_helper.from_array(weights[name], name) for name in weights if name not in transposed]
    folded = [
        numpy_helper.from_array(np.ascontiguousarray(weights[name].T), folded_name)
        for name, folded_name in transposed.items()
    ]
    return kept + folded


def build(dimensions: Dimensions, weights: Weights) -> onnx.ModelProto:
    """Builds the model.

    Its inputs are input_ids and attention_mask, int64 [batch_size, sequence_length], its output is logits,
    float32 [batch_size, 1]. Raises KeyError if a parameter is missing from `weights`.
    """
    exporter = _Exporter(dimensions)
    first_token = exporter.constant("/roberta", 0)
    mask, token_types = exporter.attention_mask("/roberta")
    hidden = exporter.embeddings("/roberta/embeddings", token_types)
    for layer in range(dimensions.num_hidden_layers):
        hidden = exporter.layer(layer, hidden, mask)
    exporter.classifier(hidden, first_token)

    ids_shape = ["batch_size", "sequence_length"]
    graph = helper.make_graph(
        exporter.nodes,
        "torch_jit",
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, ids_shape),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ids_shape),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch_size", 1])],
        _initializers(dimensions, weights),
    )
    return helper.make_model(
        graph,
        ir_version=6,
        opset_imports=[onnx.OperatorSetIdProto(version=11)],
        producer_name="pytorch",
        producer_version="1.13.1",
    )
