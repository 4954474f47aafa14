"""What the encoders whose code is not in transformers have in common."""

import torch
from torch import nn


def hidden_keys(attention_mask: torch.Tensor) -> torch.Tensor:
    """Returns what is added to the scores of each key: 0, or the lowest float for padding."""
    return (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * torch.finfo(torch.float32).min


class ClassificationHead(nn.Module):
    """BERT's: the first token through a layer with tanh, then one logit."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.pooler, self.classifier = nn.Linear(hidden, hidden), nn.Linear(hidden, 1)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.tanh(self.pooler(rows[:, 0])))
