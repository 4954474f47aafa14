"""Measures the cost of int8: nDCG@10 of the fp32 graph and of the int8 graph over all sets, both in onnxruntime."""

import json
import math

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from .references import read_sets
from .settings import Settings

_DEPTH = 10


def measure_precision(settings: Settings) -> None:
    """Writes precision.json. It holds for each set nDCG@10 for `fp32` and `int8`, and their mean difference of logits."""
    out = settings.work / "out"
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    tokenizer.enable_truncation(512, strategy="only_second")
    sessions = {
        "fp32": onnxruntime.InferenceSession(str(out / "onnx/model.onnx")),
        "int8": onnxruntime.InferenceSession(str(out / "onnx/model_quantized.onnx")),
    }
    measured = {}
    for name, _, _, tasks in read_sets():
        if settings.is_smoke:
            tasks = tasks[:2]
        logits = {label: [_logits(session, tokenizer, task) for task in tasks] for label, session in sessions.items()}
        measured[name] = {label: _mean_ndcg(tasks, rows) for label, rows in logits.items()}
        differences = [np.abs(one - other).mean() for one, other in zip(logits["fp32"], logits["int8"], strict=True)]
        measured[name]["difference of logits"] = float(np.mean(differences))
        print(name, {label: round(value, 4) for label, value in measured[name].items()}, flush=True)
    (settings.work / "precision.json").write_text(json.dumps(measured, indent=2), encoding="utf-8")


def _logits(session: onnxruntime.InferenceSession, tokenizer: Tokenizer, task) -> np.ndarray:
    answers = []
    for passage in task.passages:
        encoding = tokenizer.encode(task.query, passage)
        feed = {"input_ids": np.array([encoding.ids], np.int64), "attention_mask": np.array([encoding.attention_mask], np.int64)}
        answers.append(session.run(None, feed)[0][0, 0])
    return np.array(answers)


def _mean_ndcg(tasks, rows: list[np.ndarray]) -> float:
    """Returns the mean nDCG. Every task has one relevant passage, so its nDCG is the discount of that passage's place."""
    gains = []
    for task, logits in zip(tasks, rows, strict=True):
        place = int(np.flatnonzero(np.argsort(-logits, kind="stable") == task.relevant)[0])
        gains.append(1 / math.log2(place + 2) if place < _DEPTH else 0.0)
    return float(np.mean(gains))
