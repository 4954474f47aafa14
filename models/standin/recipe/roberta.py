"""Exports what only XLM-RoBERTa has: token types without an input, counted positions, a head of two layers."""

import numpy as np
from onnx import TensorProto, numpy_helper

from exporter import Exporter

_PAD_TOKEN = 1


class RobertaExporter(Exporter):
    """Appends the nodes of XLMRobertaForSequenceClassification."""

    INPUTS = ("input_ids", "attention_mask")

    def model(self) -> None:
        """Appends all nodes. The last one returns `logits`."""
        first_token = self.constant("/roberta", 0)
        batch = self.dimension("/roberta", "input_ids", 0)
        sequence = self.dimension("/roberta", "input_ids", 1)
        token_types = self._token_types("/roberta", batch, sequence)
        mask = self.attention_mask("/roberta")
        hidden = self._embeddings("/roberta/embeddings", token_types)
        for layer in range(self.dimensions.num_hidden_layers):
            hidden = self.layer(layer, hidden, mask)
        self._classifier(hidden, first_token)

    def _token_types(self, scope: str, batch: str, sequence: str) -> str:
        buffer = f"onnx::Slice_{19 + 16 * self.dimensions.num_hidden_layers}"
        zeros = np.zeros(self.dimensions.max_position_embeddings, np.int64)
        row = self.buffer_row(scope, buffer, "Constant_7", zeros, sequence)
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

    def _embeddings(self, scope: str, token_types: str) -> str:
        pad = self.constant(scope, _PAD_TOKEN)
        present = self.node(scope, "Not", self.node(scope, "Equal", "input_ids", pad))
        present = self.node(scope, "Cast", present, to=TensorProto.INT32)
        count = self.node(scope, "CumSum", present, self.constant(scope, 1, np.int32))
        count = self.node(scope, "Mul", count, present)
        count = self.node(scope, "Cast", count, to=TensorProto.INT64)
        positions = self.node(scope, "Add", count, self.constant(scope, _PAD_TOKEN))
        words = self.lookup(scope, "word_embeddings", "input_ids")
        total = self.node(scope, "Add", words, self.lookup(scope, "token_type_embeddings", token_types))
        total = self.node(scope, "Add", total, self.lookup(scope, "position_embeddings", positions))
        return self.layer_norm(f"{scope}/LayerNorm", total)

    def _classifier(self, hidden: str, first_token: str) -> None:
        first = self.node("/classifier", "Gather", hidden, first_token, axis=1)
        dense = self.gemm("/classifier/dense", first)
        self.gemm("/classifier/out_proj", self.node("/classifier", "Tanh", dense), output="logits")
