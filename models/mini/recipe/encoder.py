"""The cross-encoder in PyTorch, for the student and for the teacher, a BERT.

Its parameters have the names of XLMRobertaForSequenceClassification.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HIDDEN, HEADS, INTERMEDIATE = 384, 12, 1536
EPSILON = 1e-12


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.self = nn.ModuleDict({name: nn.Linear(HIDDEN, HIDDEN) for name in ("query", "key", "value")})
        self.output = nn.ModuleDict({"dense": nn.Linear(HIDDEN, HIDDEN), "LayerNorm": nn.LayerNorm(HIDDEN, EPSILON)})

    def forward(self, hidden: Tensor, mask: Tensor, first_only: bool) -> Tensor:
        asked = hidden[:, :1] if first_only else hidden
        query, key, value = (
            self._heads(self.self[name](states)) for name, states in (("query", asked), ("key", hidden), ("value", hidden))
        )
        if hidden.is_cuda or not torch.is_grad_enabled():
            context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        else:
            # On a CPU the fused form has a slower gradient.
            scores = query @ key.transpose(-1, -2) * (HIDDEN // HEADS) ** -0.5 + mask
            context = torch.softmax(scores, -1) @ value
        context = context.transpose(1, 2).flatten(2)
        return self.output["LayerNorm"](asked + self.output["dense"](context))

    @staticmethod
    def _heads(states: Tensor) -> Tensor:
        return states.unflatten(-1, (HEADS, HIDDEN // HEADS)).transpose(1, 2)


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(HIDDEN, INTERMEDIATE)})
        self.output = nn.ModuleDict({"dense": nn.Linear(INTERMEDIATE, HIDDEN), "LayerNorm": nn.LayerNorm(HIDDEN, EPSILON)})

    def forward(self, hidden: Tensor, mask: Tensor, first_only: bool) -> Tensor:
        hidden = self.attention(hidden, mask, first_only)
        inner = F.gelu(self.intermediate["dense"](hidden))
        return self.output["LayerNorm"](hidden + self.output["dense"](inner))


class Embeddings(nn.Module):
    def __init__(self, pieces: int, positions: int, types: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(pieces, HIDDEN)
        self.position_embeddings = nn.Embedding(positions, HIDDEN)
        self.token_type_embeddings = nn.Embedding(types, HIDDEN)
        self.LayerNorm = nn.LayerNorm(HIDDEN, EPSILON)

    def forward(self, ids: Tensor, types: Tensor, first_position: int) -> Tensor:
        positions = torch.arange(first_position, first_position + ids.shape[1], device=ids.device)
        total = self.word_embeddings(ids) + self.position_embeddings(positions) + self.token_type_embeddings(types)
        return self.LayerNorm(total)


class CrossEncoder(nn.Module):
    """`forward` returns one logit for each row of `ids`. XLM-R counts positions from 2 and has one token type."""

    def __init__(self, pieces: int, layers: int, positions: int = 514, types: int = 1, first_position: int = 2) -> None:
        super().__init__()
        self.roberta = nn.Module()
        self.roberta.embeddings = Embeddings(pieces, positions, types)
        self.roberta.encoder = nn.Module()
        self.roberta.encoder.layer = nn.ModuleList([Layer() for _ in range(layers)])
        self.classifier = nn.ModuleDict({"dense": nn.Linear(HIDDEN, HIDDEN), "out_proj": nn.Linear(HIDDEN, 1)})
        self._first_position = first_position

    def forward(self, ids: Tensor, present: Tensor, types: Tensor | None = None) -> Tensor:
        """`present` is 1 for tokens and 0 for padding, all of shape [rows, tokens]."""
        return self.states(ids, present, types)[1]

    def states(self, ids: Tensor, present: Tensor, types: Tensor | None = None) -> tuple[list[Tensor], Tensor]:
        """Returns each layer's output, [rows, tokens, HIDDEN], and the logits. The last layer has the first token only."""
        types = torch.zeros_like(ids) if types is None else types
        hidden = self.roberta.embeddings(ids, types, self._first_position)
        if torch.is_autocast_enabled(hidden.device.type):
            hidden = hidden.to(torch.get_autocast_dtype(hidden.device.type))
        mask = torch.zeros_like(present, dtype=hidden.dtype).masked_fill(present == 0, -30000.0)[:, None, None, :]
        last = len(self.roberta.encoder.layer) - 1
        states = []
        for place, layer in enumerate(self.roberta.encoder.layer):
            # The classifier reads the first token's output only.
            hidden = layer(hidden, mask, first_only=place == last)
            states.append(hidden)
        return states, self.classifier["out_proj"](torch.tanh(self.classifier["dense"](hidden[:, 0])))[:, 0].float()


def teacher_from(weights: dict) -> CrossEncoder:
    """Makes the teacher of the weights that `read_teacher` returns."""
    renamed = {_renamed(name): torch.from_numpy(value) for name, value in weights.items()}
    layers = 1 + max(int(name.split(".")[3]) for name in renamed if ".layer." in name)
    pieces = len(renamed["roberta.embeddings.word_embeddings.weight"])
    model = CrossEncoder(pieces, layers, positions=512, types=2, first_position=0)
    model.load_state_dict(renamed)
    return model.eval()


def _renamed(name: str) -> str:
    name = name.replace("bert.pooler.dense", "classifier.dense") if "pooler" in name else name
    if name.startswith("classifier.") and "dense" not in name:
        name = name.replace("classifier.", "classifier.out_proj.")
    return name.replace("bert.", "roberta.", 1)
