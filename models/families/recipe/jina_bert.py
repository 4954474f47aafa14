"""JinaBERT as in jina-reranker-v1-tiny-en and -turbo-en: BERT with ALiBi in place of positions, and gated feed-forward parts.

Its published code lies beside the weights, not in transformers. The operators here have the order of that code, so the
exported graph has the form of the published one. ALiBi is Press et al., *Train Short, Test Long*, 2021, with the
distance's magnitude, since each token sees both sides.
"""

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from encoder import ClassificationHead, hidden_keys


def slopes(heads: int) -> list[float]:
    """Returns the slope of each head: a geometric series, with every other member of the next one if it is too short."""
    whole = 2 ** math.floor(math.log2(heads))
    start = 2 ** -(8 / whole)
    series = [start ** (1 + head) for head in range(whole)]
    return series if whole == heads else series + slopes(2 * whole)[0::2][: heads - whole]


class Attention(nn.Module):
    def __init__(self, hidden: int, heads: int, implementation: str) -> None:
        super().__init__()
        self.heads, self.size, self.implementation = heads, hidden // heads, implementation
        self.query, self.key, self.value = (nn.Linear(hidden, hidden) for _ in range(3))

    def split(self, rows: torch.Tensor) -> torch.Tensor:
        return rows.view(rows.size()[:-1] + (self.heads, self.size)).permute(0, 2, 1, 3)

    def forward(self, rows: torch.Tensor, mask: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        queries, keys, values = self.split(self.query(rows)), self.split(self.key(rows)), self.split(self.value(rows))
        if self.implementation == "sdpa":
            context = functional.scaled_dot_product_attention(queries, keys, values, mask + bias)
        else:
            scores = torch.matmul(queries, keys.transpose(-1, -2)) / math.sqrt(self.size)
            context = torch.matmul(functional.softmax(scores + mask + bias, dim=-1), values)
        context = context.permute(0, 2, 1, 3).contiguous()
        return context.view(context.size()[:-2] + (self.heads * self.size,))


class GatedFeedForward(nn.Module):
    """GEGLU: the first half of the rows goes through GELU and gates the second (Shazeer, *GLU Variants*, 2020)."""

    def __init__(self, hidden: int, intermediate: int) -> None:
        super().__init__()
        self.intermediate = intermediate
        self.gated_layers = nn.Linear(hidden, 2 * intermediate, bias=False)
        self.contract = nn.Linear(intermediate, hidden)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        both = self.gated_layers(rows)
        gated, other = both[:, :, : self.intermediate], both[:, :, self.intermediate :]
        return self.contract(functional.gelu(gated) * other)


class Layer(nn.Module):
    def __init__(self, config: dict[str, Any], implementation: str) -> None:
        super().__init__()
        hidden = config["hidden_size"]
        self.attention = Attention(hidden, config["num_attention_heads"], implementation)
        self.output = nn.Linear(hidden, hidden)
        self.attention_norm, self.norm = (nn.LayerNorm(hidden, eps=config["layer_norm_eps"]) for _ in range(2))
        self.feed_forward = GatedFeedForward(hidden, config["intermediate_size"])

    def forward(self, rows: torch.Tensor, mask: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        rows = self.attention_norm(self.output(self.attention(rows, mask, bias)) + rows)
        return self.norm(self.feed_forward(rows) + rows)


class JinaBert(nn.Module):
    def __init__(self, config: dict[str, Any], implementation: str) -> None:
        super().__init__()
        hidden, self.heads = config["hidden_size"], config["num_attention_heads"]
        self.words = nn.Embedding(config["vocab_size"], hidden)
        self.segments = nn.Embedding(config["type_vocab_size"], hidden)
        self.norm = nn.LayerNorm(hidden, eps=config["layer_norm_eps"])
        self.layers = nn.ModuleList(Layer(config, implementation) for _ in range(config["num_hidden_layers"]))
        self.head = ClassificationHead(hidden)

    def alibi(self, length: int) -> torch.Tensor:
        """Returns the bias of each head, query and key."""
        queries, keys = torch.arange(length)[:, None], torch.arange(length)[None, :]
        distances = torch.abs(keys - queries).unsqueeze(0).expand(self.heads, -1, -1)
        falling = torch.Tensor(slopes(self.heads)) * -1
        return (falling.unsqueeze(1).unsqueeze(1) * distances).unsqueeze(0)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        rows = self.norm(self.words(input_ids) + self.segments(token_type_ids))
        mask, bias = hidden_keys(attention_mask), self.alibi(rows.size(1))
        for layer in self.layers:
            rows = layer(rows, mask, bias)
        return self.head(rows)
