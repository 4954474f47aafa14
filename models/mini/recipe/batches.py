"""Makes token ids of pairs and pads them into tensors."""

import numpy as np
import torch

BEGIN, PAD, END = 0, 1, 2
_LONGEST_QUERY = 64


def student_pair(query: list[int], passage: list[int], longest: int) -> list[int]:
    """Returns `<s> query </s></s> passage </s>`, with the passage cut to fit."""
    head = [BEGIN, *query[:_LONGEST_QUERY], END, END]
    return [*head, *passage[: longest - len(head) - 1], END]


def teacher_pair(row: list[int], origins: list[int]) -> tuple[list[int], list[int]]:
    """Converts a row of `student_pair`: `[CLS] query [SEP] passage [SEP]` as the teacher's ids and token types."""
    end = row.index(END)
    ids = [origins[piece] for piece in (*row[:end], *row[end + 1 :])]
    return ids, [0] * (end + 1) + [1] * (len(ids) - end - 1)


def pad(rows: list[list[int]], padding: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns ids and their mask, [rows, tokens]. It rounds the width up, so that few shapes occur."""
    width = -(-max(map(len, rows)) // 16) * 16
    ids = np.full((len(rows), width), padding, np.int64)
    present = np.zeros((len(rows), width), np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        present[place, : len(row)] = 1
    return torch.from_numpy(ids).to(device), torch.from_numpy(present).to(device)
