"""Makes the models of the measurements in the folder FAMILY. Its folder onnx receives model.onnx in fp32, model_fp16.onnx,
model_quantized.onnx in int8 as transformers.js has it, and model_qint8_avx512_vnni.onnx as Sentence Transformers has it, of
eager attention. FAMILY receives config.json, and logits.jsonl with `input_ids`, `logit_fp32`, `logit_dequantized` of the int8 weights in fp32
arithmetic, and `logit_int8_onnxruntime`. All tokens are of the first segment.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from exporter import SEED, export
from families import WITHOUT_SDPA, write_config
from inference import Session
from quantiser import dequantise, quantise
from sizes import SIZES

SIZE = SIZES["minilm"]
# 40 sequences would leave a third of a ratio of mean errors to chance; 240 leave an eighth.
LENGTHS = [*range(8, 128, 3)] * 6
# The ids below are BERT's special and unused ones.
FIRST_ORDINARY = 999


def logits(graphs: dict[str, Path]) -> Iterator[dict[str, Any]]:
    sessions = {name: Session(graph) for name, graph in graphs.items()}
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
    export(family, SIZE, "torchscript", "eager", exact)
    quantise(exact, model / "onnx" / "model_qint8_avx512_vnni.onnx", "vnni-channel")
    if family not in WITHOUT_SDPA:
        export(family, SIZE, "torchscript", "sdpa", exact)
    quantise(exact, model / "onnx" / "model_fp16.onnx", "fp16")
    quantise(exact, rounded, "slim")
    dequantised = model / "dequantised.onnx"
    dequantise(exact, rounded, dequantised, "slim")
    graphs = {"logit_fp32": exact, "logit_dequantized": dequantised, "logit_int8_onnxruntime": rounded}
    lines = list(logits(graphs))
    dequantised.unlink()
    (model / "logits.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_config(family, SIZE, model)
    error = np.mean([abs(line["logit_dequantized"] - line["logit_int8_onnxruntime"]) for line in lines])
    deviation = np.std([line["logit_fp32"] for line in lines])
    print(f"{family}: {rounded.stat().st_size:,} bytes, logits spread by {deviation:.3f}, int8 error {error:.4f}", flush=True)
