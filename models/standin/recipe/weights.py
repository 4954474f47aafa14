"""Draws random weights under the parameter names of the cross-encoders of transformers.

PyTorch's normal(0, 0.02) would leave attention almost uniform and the logits almost constant. So the standard
deviation of a linear layer is gain / sqrt(inputs), with these gains:

- query and key 1.6: attention scores spread by about 2.5, and a few tokens dominate each softmax. So a logit
  depends on the tokens of its input, also on hundreds of them.
- value, attention output and feed-forward layers 1.0 to 1.6: a sublayer adds about as much as its residual.
- classifier's output 6.0: the logits have a standard deviation of 1 to 2 over the inputs of logits.py. That is far
  more than the error of int8 arithmetic (0.05 to 0.1).

Biases and LayerNorm's gamma and beta are random, too. A bias of 0, a gamma of 1 or a beta of 0 is an identity, and
graph optimisers remove it. Rewrites tested on such a graph miss the real one.
"""

import numpy as np

from dimensions import Dimensions

Weights = dict[str, np.ndarray]


def random_weights(dimensions: Dimensions, seed: int) -> Weights:
    """Draws every parameter, in the model's order, float32; linear weights are [outputs, inputs].

    The same dimensions, seed and numpy version return the same bits.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    weights: Weights = {}

    def normal(name: str, shape: tuple[int, ...], deviation: float, mean: float = 0.0) -> None:
        values = generator.standard_normal(shape, dtype=np.float32)
        values *= np.float32(deviation)
        values += np.float32(mean)
        weights[name] = values

    def linear(name: str, outputs: int, inputs: int, gain: float, bias_deviation: float = 0.1) -> None:
        normal(f"{name}.weight", (outputs, inputs), gain / inputs**0.5)
        normal(f"{name}.bias", (outputs,), bias_deviation)

    def layer_norm(name: str) -> None:
        normal(f"{name}.weight", (hidden,), 0.15, mean=1.0)
        normal(f"{name}.bias", (hidden,), 0.1)

    scope, hidden, intermediate = dimensions.scope, dimensions.hidden_size, dimensions.intermediate_size
    normal(f"{scope}.embeddings.word_embeddings.weight", (dimensions.vocab_size, hidden), 0.06)
    normal(
        f"{scope}.embeddings.position_embeddings.weight", (dimensions.max_position_embeddings, hidden), 0.03
    )
    normal(f"{scope}.embeddings.token_type_embeddings.weight", (dimensions.type_vocab_size, hidden), 0.02)
    layer_norm(f"{scope}.embeddings.LayerNorm")
    for layer in range(dimensions.num_hidden_layers):
        prefix = f"{scope}.encoder.layer.{layer}"
        linear(f"{prefix}.attention.self.query", hidden, hidden, 1.6, bias_deviation=0.2)
        linear(f"{prefix}.attention.self.key", hidden, hidden, 1.6, bias_deviation=0.2)
        linear(f"{prefix}.attention.self.value", hidden, hidden, 1.0)
        linear(f"{prefix}.attention.output.dense", hidden, hidden, 1.0)
        layer_norm(f"{prefix}.attention.output.LayerNorm")
        linear(f"{prefix}.intermediate.dense", intermediate, hidden, 1.0)
        linear(f"{prefix}.output.dense", hidden, intermediate, 1.6)
        layer_norm(f"{prefix}.output.LayerNorm")
    bert = dimensions.model_type == "bert"
    linear("bert.pooler.dense" if bert else "classifier.dense", hidden, hidden, 1.0)
    linear("classifier" if bert else "classifier.out_proj", 1, hidden, 6.0)
    return weights
