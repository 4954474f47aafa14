"""Builds the fp32 ONNX graph that PyTorch 1.13 exports for a cross-encoder (transformers 4.33).

It has opset 11 and folded constants, and equals the output of `torch.onnx.export` node for node and name for name.
So code for the published file can be tested on weights of any size.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bert import BertExporter
from dimensions import Dimensions
from exporter import LAYER_MATMUL_OFFSETS, matmul_weight_name
from roberta import RobertaExporter
from weights import Weights

EXPORTERS = {"xlm-roberta": RobertaExporter, "bert": BertExporter}


def _initializers(dimensions: Dimensions, weights: Weights) -> list[onnx.TensorProto]:
    """Returns parameters in the model's order, then the transposed weights of the layers' MatMuls."""
    transposed = {
        f"{dimensions.scope}.encoder.layer.{layer}.{linear}.weight": matmul_weight_name(
            dimensions.num_hidden_layers, layer, linear
        )
        for layer in range(dimensions.num_hidden_layers)
        for linear in LAYER_MATMUL_OFFSETS
    }
    kept = [numpy_helper.from_array(weights[name], name) for name in weights if name not in transposed]
    folded = [
        numpy_helper.from_array(np.ascontiguousarray(weights[name].T), folded_name)
        for name, folded_name in transposed.items()
    ]
    return kept + folded


def build(dimensions: Dimensions, weights: Weights) -> onnx.ModelProto:
    """Builds the model.

    Its inputs are input_ids, attention_mask and for BERT token_type_ids, int64 [batch_size, sequence_length].
    Its output is logits, float32 [batch_size, 1]. Raises KeyError if a parameter is missing from `weights`.
    """
    exporter = EXPORTERS[dimensions.model_type](dimensions)
    exporter.model()
    ids_shape = ["batch_size", "sequence_length"]
    graph = helper.make_graph(
        exporter.nodes,
        "torch_jit",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ids_shape) for name in exporter.INPUTS],
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
