"""Fits the student without a gradient, before the training.

The student leaves out layers of the teacher. Least squares fit the last matrix of each layer, so that its output matches the
teacher's before the next layer that stays. That takes a minute and a few thousand tokens, and saves a long training.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .batches import pad
from .device import mixed_precision
from .distil import Distillation
from .encoder import CrossEncoder

# Against overfitting: the weight of the old matrix, relative to the mean square of an inner activation.
_HOLD = 1e-3
# The first token's output counts this much more than another's, because the classifier reads the logit from it.
_FIRST = 20.0
_BATCH_TOKENS = 4096


@torch.no_grad()
def refit(student: CrossEncoder, distillation: Distillation, rows: list[list[int]]) -> None:
    """Fits all layers in their order on `rows` of `student_pair`. The input of each is the output of the fitted layers below."""
    device = next(student.parameters()).device
    batches = _batches(rows)
    hidden, masks, shared, wanted = [], [], [], []
    for batch in batches:
        ids, present = pad(batch, 1, device)
        hidden.append(student.roberta.embeddings(ids, torch.zeros_like(ids), 2))
        masks.append(torch.zeros_like(present, dtype=hidden[-1].dtype).masked_fill(present == 0, -30000.0)[:, None, None, :])
        ours, theirs, outputs = distillation.sums(batch, ids.shape[1])
        shared.append(ours)
        wanted.append([output.flatten(0, 1)[theirs].bfloat16() for output in outputs])
    for place, layer in enumerate(student.roberta.encoder.layer):
        layer.output["LayerNorm"].load_state_dict(distillation.norm_of(place).state_dict())
        attended, inner = [], []
        with mixed_precision(device):
            for states, mask in zip(hidden, masks, strict=True):
                attended.append(layer.attention(states, mask, first_only=False).float())
                inner.append(F.gelu(layer.intermediate["dense"](attended[-1])))
        dense = layer.output["dense"]
        sums = _Sums(dense.in_features, device)
        for number, ours in enumerate(shared):
            activations = inner[number].flatten(0, 1)[ours].float()
            missing = wanted[number][place].float() - attended[number].flatten(0, 1)[ours] - dense(activations)
            weights = torch.where(ours % inner[number].shape[1] == 0, _FIRST, 1.0)
            sums.add(activations, missing, weights)
        change, shift = sums.solve()
        dense.weight += change.T
        dense.bias += shift
        hidden = [layer.output["LayerNorm"](states + dense(activations.float())) for states, activations in zip(attended, inner, strict=True)]


class _Sums:
    """Solves weighted least squares of several outputs from sums over all tokens."""

    def __init__(self, inputs: int, device: torch.device) -> None:
        self._products = torch.zeros(inputs, inputs, device=device)
        self._answers = self._mean = self._mean_answer = self._weight = torch.zeros((), device=device)

    def add(self, inputs: Tensor, outputs: Tensor, weights: Tensor) -> None:
        weighted = inputs * weights[:, None]
        self._products += weighted.T @ inputs
        self._answers = self._answers + weighted.T @ outputs
        self._mean = self._mean + weighted.sum(0)
        self._mean_answer = self._mean_answer + (outputs * weights[:, None]).sum(0)
        self._weight = self._weight + weights.sum()

    def solve(self) -> tuple[Tensor, Tensor]:
        """Returns the matrix, [inputs, outputs], and the bias."""
        mean, mean_answer = self._mean / self._weight, self._mean_answer / self._weight
        products = (self._products - self._weight * torch.outer(mean, mean)).double()
        answers = (self._answers - self._weight * torch.outer(mean, mean_answer)).double()
        held = _HOLD * products.diagonal().mean() * torch.eye(len(products), dtype=torch.float64, device=products.device)
        matrix = torch.linalg.solve(products + held, answers).float()
        return matrix, mean_answer - mean @ matrix


def _batches(rows: list[list[int]]) -> list[list[list[int]]]:
    batches: list[list[list[int]]] = []
    for row in sorted(rows, key=len):
        if not batches or len(row) * (len(batches[-1]) + 1) > _BATCH_TOKENS:
            batches.append([])
        batches[-1].append(row)
    return batches
