"""GTE as in gte-multilingual-reranker-base, whose `model_type` is "new": rotary positions by NTK scaling, one layer for
queries, keys and values, and gated feed-forward parts.

Its published code lies beside the weights; transformers 5 has another form of it, the family "gte". The operators here
have the order of the published code without unpadding, so the exported graph has the form of the published one.
"""

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from encoder import ClassificationHead, hidden_keys

Angles = tuple[torch.Tensor, torch.Tensor]


class RotaryAngles(nn.Module):
    """Tables of cosines and sines, computed when the model is made (https://kexue.fm/archives/9706 for NTK scaling)."""

    def __init__(self, size: int, config: dict[str, Any]) -> None:
        super().__init__()
        scaling = config["rope_scaling"]["factor"]
        positions = torch.arange(int(config["max_position_embeddings"] * scaling), dtype=torch.float32)
        frequencies = 1.0 / ((config["rope_theta"] * scaling) ** (torch.arange(0, size, 2).float() / size))
        frequencies = torch.einsum("i,j->ij", positions, frequencies / scaling ** (2 / size))
        angles = torch.cat((frequencies, frequencies), dim=-1)
        self.register_buffer("cosines", angles.cos(), persistent=False)
        self.register_buffer("sines", angles.sin(), persistent=False)

    def forward(self, positions: torch.Tensor) -> Angles:
        length = positions.size(1)
        return self.cosines[:length, ...][positions].unsqueeze(2), self.sines[:length, ...][positions].unsqueeze(2)


def turned(rows: torch.Tensor) -> torch.Tensor:
    half = rows.shape[-1] // 2
    return torch.cat((-rows[..., half:], rows[..., :half]), dim=-1)


def rotate(rows: torch.Tensor, angles: Angles) -> torch.Tensor:
    return (rows * angles[0]) + (turned(rows) * angles[1])


class Attention(nn.Module):
    def __init__(self, hidden: int, heads: int, implementation: str) -> None:
        super().__init__()
        self.hidden, self.heads, self.size, self.implementation = hidden, heads, hidden // heads, implementation
        self.qkv_proj, self.o_proj = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)

    def forward(self, rows: torch.Tensor, mask: torch.Tensor, angles: Angles) -> torch.Tensor:
        packed = self.qkv_proj(rows).split(self.hidden, dim=-1)
        queries, keys, values = (part.view(part.shape[:-1] + (self.heads, self.size)) for part in packed)
        queries, keys, values = (
            part.transpose(1, 2) for part in (rotate(queries, angles), rotate(keys, angles), values)
        )
        if self.implementation == "sdpa":
            context = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        else:
            scores = torch.matmul(queries, keys.transpose(-1, -2)) / math.sqrt(self.size)
            context = torch.matmul(functional.softmax(scores + mask, dim=-1), values)
        context = context.permute(0, 2, 1, 3).contiguous()
        return self.o_proj(context.view(context.size()[:-2] + (self.hidden,)))


class GatedFeedForward(nn.Module):
    def __init__(self, hidden: int, intermediate: int) -> None:
        super().__init__()
        self.intermediate = intermediate
        self.up_gate_proj = nn.Linear(hidden, 2 * intermediate, bias=False)
        self.down_proj = nn.Linear(intermediate, hidden)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        up, gate = torch.split(self.up_gate_proj(rows), self.intermediate, dim=-1)
        return self.down_proj(functional.gelu(gate) * up)


class Layer(nn.Module):
    def __init__(self, config: dict[str, Any], implementation: str) -> None:
        super().__init__()
        hidden = config["hidden_size"]
        self.attention = Attention(hidden, config["num_attention_heads"], implementation)
        self.mlp = GatedFeedForward(hidden, config["intermediate_size"])
        self.attention_norm, self.norm = (nn.LayerNorm(hidden, eps=config["layer_norm_eps"]) for _ in range(2))

    def forward(self, rows: torch.Tensor, mask: torch.Tensor, angles: Angles) -> torch.Tensor:
        rows = self.attention_norm(rows + self.attention(rows, mask, angles))
        return self.norm(rows + self.mlp(rows))


class Gte(nn.Module):
    def __init__(self, config: dict[str, Any], implementation: str) -> None:
        super().__init__()
        hidden, positions = config["hidden_size"], config["max_position_embeddings"]
        self.words = nn.Embedding(config["vocab_size"], hidden)
        self.segments = nn.Embedding(config["type_vocab_size"], hidden)
        self.angles = RotaryAngles(hidden // config["num_attention_heads"], config)
        self.norm = nn.LayerNorm(hidden, eps=config["layer_norm_eps"])
        self.register_buffer("positions", torch.arange(positions), persistent=False)
        self.layers = nn.ModuleList(Layer(config, implementation) for _ in range(config["num_hidden_layers"]))
        self.head = ClassificationHead(hidden)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        batch, length = input_ids.shape
        positions = self.positions[:length].expand(batch, -1)
        angles = self.angles(positions)
        rows = self.norm(self.words(input_ids) + self.segments(positions.mul(0)))
        mask = hidden_keys(attention_mask)
        for layer in self.layers:
            rows = layer(rows, mask, angles)
        return self.head(rows)
