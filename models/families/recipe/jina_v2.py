"""XLM-RoBERTa as in jina-reranker-v2-base-multilingual: one layer for queries, keys and values, and products by `einsum`.

Its published code lies beside the weights, not in transformers. The operators here have the order of that code without
flash attention, as it runs where there is no GPU, so the exported graph has the form of the published one.
"""

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads, self.size = heads, hidden // heads
        self.Wqkv, self.out_proj = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)

    def forward(self, rows: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        batch, length = rows.shape[:2]
        packed = self.Wqkv(rows)
        packed = packed.reshape(packed.shape[:-1] + (3, self.heads, self.size))
        queries, keys, values = packed.unbind(dim=2)
        scores = torch.einsum("bthd,bshd->bhts", queries, keys * (1.0 / math.sqrt(self.size)))
        mask = torch.full((batch, length), -10000.0, dtype=scores.dtype)
        mask.masked_fill_(visible, 0.0)
        scores = scores + mask.reshape(batch, 1, 1, length)
        weights = torch.softmax(scores, dim=-1, dtype=values.dtype)
        context = torch.einsum("bhts,bshd->bthd", weights, values)
        return self.out_proj(context.reshape(context.shape[:-2] + (self.heads * self.size,)))


class Layer(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        hidden, intermediate = config["hidden_size"], config["intermediate_size"]
        self.mixer = Attention(hidden, config["num_attention_heads"])
        self.fc1, self.fc2 = nn.Linear(hidden, intermediate), nn.Linear(intermediate, hidden)
        self.norm1, self.norm2 = (nn.LayerNorm(hidden, eps=config["layer_norm_eps"]) for _ in range(2))

    def forward(self, rows: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        rows = self.norm1(self.mixer(rows, visible) + rows)
        return self.norm2(self.fc2(functional.gelu(self.fc1(rows))) + rows)


class JinaV2(nn.Module):
    def __init__(self, config: dict[str, Any], _: str) -> None:
        super().__init__()
        hidden, self.padding = config["hidden_size"], config["pad_token_id"]
        self.words = nn.Embedding(config["vocab_size"], hidden)
        self.positions = nn.Embedding(config["max_position_embeddings"], hidden)
        self.segments = nn.Embedding(config["type_vocab_size"], hidden)
        self.norm = nn.LayerNorm(hidden, eps=config["layer_norm_eps"])
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))
        self.dense, self.out_proj = nn.Linear(hidden, hidden), nn.Linear(hidden, 1)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        present = input_ids.ne(self.padding).int()
        positions = (torch.cumsum(present, dim=1).type_as(present) * present).long() + self.padding
        rows = self.words(input_ids) + self.positions(positions)
        rows = self.norm(rows + self.segments(torch.zeros(input_ids.shape[1], dtype=torch.long)))
        visible = attention_mask.bool()
        for layer in self.layers:
            rows = layer(rows, visible)
        return self.out_proj(torch.tanh(self.dense(rows[:, 0, :])))
