"""The teacher's logits for all candidates of all lists, once; goes on where it was stopped."""

import time

import numpy as np
import torch
from tokenizers import Tokenizer

from .batches import pad
from .data import read_data
from .device import find_device, mixed_precision
from .encoder import CrossEncoder, teacher_from
from .inference import model_folder
from .settings import Settings
from .teacher_weights import read_teacher

_PART = 2000
_BATCH_TOKENS = {"cuda": 262144, "cpu": 8192}


def score_lists(settings: Settings) -> None:
    """Writes scores.npy, float32 of the shape of the candidates."""
    data = read_data(settings)
    device = find_device()
    folder = settings.work / "scores"
    folder.mkdir(exist_ok=True)
    teacher = teacher_from(read_teacher(model_folder("reranker_en") / "model.onnx")).to(device)
    tokenizer = Tokenizer.from_file(str(model_folder("reranker_en") / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(settings.longest)
    parts = []
    started = time.monotonic()
    for number, start in enumerate(range(0, len(data.queries), _PART)):
        file = folder / f"{number}.npy"
        rows = data.candidates[start : start + _PART]
        if not file.exists() or np.load(file).shape != rows.shape:
            pairs = [
                (data.queries[start + place], data.passages[candidate])
                for place, row in enumerate(rows)
                for candidate in row
            ]
            scores = _score(teacher, tokenizer, pairs, device).reshape(rows.shape)
            partial = folder / "partial.npy"
            np.save(partial, scores)
            partial.rename(file)
            rate = (start + len(rows)) * rows.shape[1] / (time.monotonic() - started)
            print(f"teacher: {start + len(rows)} of {len(data.queries)} lists, {rate:.0f} pairs a second", flush=True)
        parts.append(np.load(file))
    scores = np.concatenate(parts)
    np.save(settings.work / "scores.npy", scores)
    print(f"the answer is the teacher's first choice in {np.mean(scores.argmax(1) == 0):.1%} of the lists", flush=True)


@torch.no_grad()
def _score(teacher: CrossEncoder, tokenizer: Tokenizer, pairs: list[tuple[str, str]], device: torch.device) -> np.ndarray:
    encodings = tokenizer.encode_batch(pairs)
    order = sorted(range(len(pairs)), key=lambda index: len(encodings[index].ids))
    scores = np.zeros(len(pairs), np.float32)
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and len(encodings[order[end]].ids) * (end - start + 1) <= _BATCH_TOKENS[device.type]:
            end += 1
        group = order[start:end]
        ids, present = pad([encodings[index].ids for index in group], 0, device)
        types, _ = pad([encodings[index].type_ids for index in group], 0, device)
        with mixed_precision(device):
            scores[group] = teacher(ids, present, types).cpu().numpy()
        start = end
    return scores
