"""Makes the models of the measurements: FAMILY/onnx/model.onnx in fp32, FAMILY/onnx/model_quantized.onnx in int8,
FAMILY/config.json, and FAMILY/logits.jsonl with `input_ids`, `logit_fp32` and `logit_int8_onnxruntime`. All tokens are
of the first segment.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from exporter import SEED, export
from families import WITHOUT_SDPA, configuration
from inference import Session
from quantiser import quantise
from sizes import SIZES

SIZE = SIZES["minilm"]
LENGTHS = range(8, 128, 3)
# The ids below are BERT's special and unused ones.
FIRST_ORDINARY = 999


def logits(exact: Path, rounded: Path) -> Iterator[dict[str, Any]]:
    sessions = {"logit_fp32": Session(exact), "logit_int8_onnxruntime": Session(rounded)}
    random = np.random.default_rng(SEED)
    for length in LENGTHS:
        ids = random.integers(FIRST_ORDINARY, SIZE.vocabulary, length)
        segments = np.zeros_like(ids)
        answers = {name: session.logit(ids, segments) for name, session in sessions.items()}
        yield {"input_ids": ids.tolist()} | answers


def make(family: str, folder: Path) -> None:
    model = folder / family
    (model / "onnx").mkdir(parents=True)
    exact, rounded = model / "onnx" / "model.onnx", model / "onnx" / "model_quantized.onnx"
    export(family, SIZE, "torchscript", "eager" if family in WITHOUT_SDPA else "sdpa", exact)
    quantise(exact, rounded, "web")
    lines = list(logits(exact, rounded))
    (model / "logits.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = {"model_type": family} | configuration(family, SIZE)
    (model / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    error = np.mean([abs(line["logit_fp32"] - line["logit_int8_onnxruntime"]) for line in lines])
    deviation = np.std([line["logit_fp32"] for line in lines])
    print(f"{family}: {rounded.stat().st_size:,} bytes, logits spread by {deviation:.3f}, int8 error {error:.4f}", flush=True)
