"""Exports what only BERT has: an input for token types, positions from a buffer, a pooler before the classifier."""

import numpy as np

from exporter import Exporter


class BertExporter(Exporter):
    """Appends the nodes of BertForSequenceClassification."""

    INPUTS = ("input_ids", "attention_mask", "token_type_ids")

    def model(self) -> None:
        """Appends all nodes. The last one returns `logits`."""
        sequence = self.dimension("/bert", "input_ids", 1)
        buffer = f"onnx::Slice_{19 + 16 * self.dimensions.num_hidden_layers}"
        numbers = np.arange(self.dimensions.max_position_embeddings)
        positions = self.buffer_row("/bert/embeddings", buffer, "Constant_5", numbers, sequence)
        mask = self.attention_mask("/bert")
        hidden = self._embeddings("/bert/embeddings", positions)
        for layer in range(self.dimensions.num_hidden_layers):
            hidden = self.layer(layer, hidden, mask)
        first_token = self.constant("/bert/pooler", 0)
        first = self.node("/bert/pooler", "Gather", hidden, first_token, axis=1)
        pooled = self.node("/bert/pooler/activation", "Tanh", self.gemm("/bert/pooler/dense", first))
        self.gemm("/classifier", pooled, output="logits")

    def _embeddings(self, scope: str, positions: str) -> str:
        words = self.lookup(scope, "word_embeddings", "input_ids")
        types = self.lookup(scope, "token_type_embeddings", "token_type_ids")
        total = self.node(scope, "Add", words, types)
        total = self.node(scope, "Add", total, self.lookup(scope, "position_embeddings", positions))
        return self.layer_norm(f"{scope}/LayerNorm", total)
