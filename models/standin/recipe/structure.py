"""Compares two ONNX models in everything but their weights."""

import re
from collections.abc import Iterator
from itertools import zip_longest

import numpy as np
import onnx
from onnx import helper, numpy_helper

from dimensions import Dimensions


def dimensions_of(model: onnx.ModelProto) -> Dimensions:
    """Reads the dimensions of a quantised export.

    Raises KeyError if a tensor or node that every such export has is missing.
    """
    shapes = {initializer.name: list(initializer.dims) for initializer in model.graph.initializer}
    constants = {
        node.name: numpy_helper.to_array(helper.get_node_attr_value(node, "value"))
        for node in model.graph.node
        if node.op_type == "Constant"
    }
    vocabulary, hidden = shapes["roberta.embeddings.word_embeddings.weight_quantized"]
    layers = {match[1] for name in shapes if (match := re.match(r"roberta\.encoder\.layer\.(\d+)\.", name))}
    return Dimensions(
        num_hidden_layers=len(layers),
        hidden_size=hidden,
        num_attention_heads=int(constants["/roberta/encoder/layer.0/attention/self/Constant_2"][0]),
        intermediate_size=shapes["roberta.encoder.layer.0.intermediate.dense.bias"][0],
        vocab_size=vocabulary,
        max_position_embeddings=shapes["roberta.embeddings.position_embeddings.weight_quantized"][0],
        layer_norm_eps=float(constants["/roberta/embeddings/LayerNorm/Constant_1"]),
    )


def differences(expected: onnx.ModelProto, actual: onnx.ModelProto) -> Iterator[str]:
    """Yields a line for each difference in opset, inputs, outputs, nodes, value shapes or initialisers.

    It compares nodes by order, names, inputs, outputs and attributes, and initialisers by order, names, types and
    shapes.
    """
    for description, left, right in (
        ("opset", expected.opset_import, actual.opset_import),
        ("input", expected.graph.input, actual.graph.input),
        ("output", expected.graph.output, actual.graph.output),
        ("value", expected.graph.value_info, actual.graph.value_info),
        ("node", map(_node, expected.graph.node), map(_node, actual.graph.node)),
        (
            "initializer",
            map(_initializer, expected.graph.initializer),
            map(_initializer, actual.graph.initializer),
        ),
    ):
        for index, (one, other) in enumerate(zip_longest(left, right)):
            if one != other:
                yield f"{description} {index}: expected {one}, got {other}"


def _node(node: onnx.NodeProto) -> tuple[object, ...]:
    attributes = {attribute.name: _attribute(attribute) for attribute in node.attribute}
    return node.op_type, node.name, list(node.input), list(node.output), attributes


def _attribute(attribute: onnx.AttributeProto) -> object:
    value = helper.get_attribute_value(attribute)
    if not isinstance(value, onnx.TensorProto):
        return value
    array: np.ndarray = numpy_helper.to_array(value)
    return str(array.dtype), array.shape, array.tobytes()


def _initializer(tensor: onnx.TensorProto) -> tuple[str, str, list[int]]:
    return tensor.name, onnx.TensorProto.DataType.Name(tensor.data_type), list(tensor.dims)
