"""Computes the loss. The student learns the teacher's outputs layer by layer, and to rank as the teacher does, or better."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .batches import END, pad, teacher_pair
from .device import mixed_precision, multiplies_bf16
from .encoder import CrossEncoder

# The student's logit of the known answer should exceed the teacher's by this much.
_BONUS = 1.0
# Weights of the ranking and of the squared error of the logits, against the error of the layers' outputs.
_RANKING = 0.25
_LEVEL = 0.03
# Weights of layers and ranking in the second part of the training.
_LAYERS_LATER, _RANKING_LATER = 0.3, 1.0
# The loss compares the layers' outputs at one token in this many. Neighbours have similar outputs, and comparing all tokens
# takes a fifth of a step.
_COMPARED_EACH = 4
# A group runs rows together. These limit the longest row ÷ the shortest, and the group's tokens.
_STRETCH = 1.4
_TOKENS_TOGETHER = 4096
# Scaled by these, the dense encoder's cosines have the mean and the spread of the teacher's logits over training lists.
_DENSE_SCALE, _DENSE_ZERO = 55.0, 0.71
# Teacher and dense encoder together rank better than either. The teacher learned from passages of some 100 tokens and is
# unsure of longer ones. So the dense encoder's share grows from the first length to the second.
_SHORT, _LONG = 100, 200
_DENSE_SHARE_SHORT, _DENSE_SHARE_LONG = 0.25, 0.65


class Distillation:
    """Distils a teacher. The student's layers learn the teacher's `targets`; `origins` maps its pieces to the teacher's."""

    def __init__(self, teacher: CrossEncoder, targets: tuple[int, ...], origins: list[int], device: torch.device) -> None:
        self._teacher = teacher.to(device)
        if multiplies_bf16(device):
            # Autocast would convert the weights in each step anew.
            for module in self._teacher.modules():
                if isinstance(module, torch.nn.Linear):
                    module.bfloat16()
        self._targets = targets
        self._origins = origins
        self._device = device

    def loss(self, student: CrossEncoder, rows: list[list[int]], each: int, dense: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Returns the loss of `rows`, lists of `each` pairs with the answer first, and its parts: layers, ranking, level.

        `dense` holds the dense encoder's cosine for each pair. With it, ranking counts most, and both models judge.
        """
        order, compared, ours, theirs = [], [], [], []
        with mixed_precision(self._device):
            for group in _of_like_length(rows):
                states, logits, teacher_logits = self._states([rows[place] for place in group], student)
                order += group
                compared.append(states)
                ours.append(logits)
                theirs.append(teacher_logits)
        # Each layer's loss adds that of the first tokens and that of the others.
        layers = torch.stack(
            [
                sum(_difference(*map(torch.cat, zip(*kind, strict=True))) for kind in zip(*groups, strict=True))
                for groups in zip(*compared, strict=True)
            ]
        ).mean()
        places = torch.tensor(order, device=self._device).argsort()
        logits, goal = torch.cat(ours)[places], torch.cat(theirs)[places]
        if dense is not None:
            goal = _blend(goal, dense, rows)
        ranking = _ranking(logits.view(-1, each), goal.view(-1, each))
        level = F.mse_loss(logits, goal)
        layers_weight, ranking_weight = (1.0, _RANKING) if dense is None else (_LAYERS_LATER, _RANKING_LATER)
        return layers_weight * layers + ranking_weight * ranking + _LEVEL * level, torch.stack([layers, ranking, level]).detach()

    def _states(self, rows: list[list[int]], student: CrossEncoder) -> tuple[list[list[tuple[Tensor, Tensor]]], Tensor, Tensor]:
        """Returns for each layer pairs of the student's output and its target, and the logits of both models.

        One pair is for the first tokens. All layers but the last have another pair, for the other tokens.
        """
        ids, present = pad(rows, 1, self._device)
        teacher_ids, teacher_present, types = self._inputs(rows)
        with torch.no_grad():
            wanted, teacher_logits = self._teacher.states(teacher_ids, teacher_present, types)
        given, logits = student.states(ids, present)
        ours, theirs = self._same_tokens(rows, ids.shape[1], teacher_ids.shape[1])
        ours, theirs = ours[::_COMPARED_EACH], theirs[::_COMPARED_EACH]
        states = []
        for state, target in zip(given, self._targets, strict=True):
            states.append([(state[:, 0], wanted[target][:, 0])])
            if state.shape[1] > 1:
                states[-1].append((state.flatten(0, 1)[ours], wanted[target].flatten(0, 1)[theirs]))
        return states, logits, teacher_logits

    def sums(self, rows: list[list[int]], width: int) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Returns the places of shared tokens in both models, and the targets before their last normalisation.

        The student's rows have `width` places.
        """
        ids, present, types = self._inputs(rows)
        found: list[Tensor] = []
        norms = [self.norm_of(place) for place in range(len(self._targets))]
        hooks = [norm.register_forward_pre_hook(lambda _norm, inputs: found.append(inputs[0])) for norm in norms]
        with torch.no_grad(), mixed_precision(self._device):
            self._teacher(ids, present, types)
        for hook in hooks:
            hook.remove()
        return *self._same_tokens(rows, width, ids.shape[1]), found

    def norm_of(self, place: int) -> torch.nn.LayerNorm:
        """Returns the last normalisation of the teacher's layer that the student's layer `place` learns."""
        return self._teacher.roberta.encoder.layer[self._targets[place]].output["LayerNorm"]

    def logits(self, rows: list[list[int]]) -> Tensor:
        """Returns the teacher's logits."""
        ids, present, types = self._inputs(rows)
        with torch.no_grad(), mixed_precision(self._device):
            return self._teacher(ids, present, types)

    def _inputs(self, rows: list[list[int]]) -> tuple[Tensor, Tensor, Tensor]:
        """Returns ids, mask and types for the teacher."""
        paired = [teacher_pair(row, self._origins) for row in rows]
        ids, present = pad([ids for ids, _ in paired], 0, self._device)
        types, _ = pad([types for _, types in paired], 0, self._device)
        return ids, present, types

    def _same_tokens(self, rows: list[list[int]], width: int, teacher_width: int) -> tuple[Tensor, Tensor]:
        """Returns the places of the same tokens in both. Only the student has a second mark of the query's end."""
        ours, theirs = [], []
        for number, row in enumerate(rows):
            end = row.index(END)
            ours += [number * width + place for place in range(len(row)) if place != end + 1]
            theirs += [number * teacher_width + place for place in range(len(row) - 1)]
        return torch.tensor(ours, device=self._device), torch.tensor(theirs, device=self._device)


def _of_like_length(rows: list[list[int]]) -> list[list[int]]:
    """Groups rows of similar length by their places. One group of all rows would be half padding."""
    groups: list[list[int]] = []
    for place in sorted(range(len(rows)), key=lambda place: len(rows[place])):
        length = len(rows[place])
        is_like = groups and length <= _STRETCH * len(rows[groups[-1][0]])
        if not is_like or length * (len(groups[-1]) + 1) > _TOKENS_TOGETHER:
            groups.append([])
        groups[-1].append(place)
    return groups


def _difference(given: Tensor, wanted: Tensor) -> Tensor:
    """Returns the squared error relative to that of an output that ignores its input."""
    wanted = wanted.float()
    return (given.float() - wanted).square().mean() / (wanted - wanted.mean(0)).square().mean().clamp(min=1e-3)


def _blend(teacher: Tensor, dense: Tensor, rows: list[list[int]]) -> Tensor:
    lengths = torch.tensor([len(row) for row in rows], device=teacher.device)
    long = ((lengths - _SHORT) / (_LONG - _SHORT)).clamp(0, 1)
    share = _DENSE_SHARE_SHORT + (_DENSE_SHARE_LONG - _DENSE_SHARE_SHORT) * long
    return (1 - share) * teacher + share * _DENSE_SCALE * (dense - _DENSE_ZERO)


def _ranking(logits: Tensor, teacher: Tensor) -> Tensor:
    wanted = teacher.clone()
    wanted[:, 0] += _BONUS
    return F.kl_div(F.log_softmax(logits, -1), F.softmax(wanted, -1), reduction="batchmean")
