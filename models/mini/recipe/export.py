"""Exports the student as ONNX, fp32 and int8, with its configuration.

The graph is that of Xenova/bge-reranker-base, node for node.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from .encoder import EPSILON, HEADS, HIDDEN, INTERMEDIATE
from .settings import REPOSITORY, Settings
from .train import read_student

# That folder holds the graph of PyTorch 1.13's exporter and the published way of quantising.
sys.path.insert(0, str(REPOSITORY / "models/standin/recipe"))
from dimensions import Dimensions, config
from graph import build
from quantization import quantize


def export(settings: Settings) -> Path:
    """Writes out/ in Hugging Face's layout and returns it. Only measurements read the fp32 graph, onnx/model.onnx."""
    student = read_student(settings)
    weights = {name: np.ascontiguousarray(value.numpy()) for name, value in student.state_dict().items()}
    dimensions = Dimensions(
        num_hidden_layers=len(student.roberta.encoder.layer),
        hidden_size=HIDDEN,
        num_attention_heads=HEADS,
        intermediate_size=INTERMEDIATE,
        vocab_size=len(weights["roberta.embeddings.word_embeddings.weight"]),
        max_position_embeddings=len(weights["roberta.embeddings.position_embeddings.weight"]),
        layer_norm_eps=EPSILON,
    )
    out = settings.work / "out"
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    onnx.save(build(dimensions, weights), out / "onnx/model.onnx")
    quantize(out / "onnx/model.onnx", out / "onnx/model_quantized.onnx", "reduced")
    (out / "config.json").write_text(json.dumps(config(dimensions), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(REPOSITORY / "pkg/mini" / name, out / name)
    _compare(student, out)
    return out


def _compare(student: torch.nn.Module, out: Path) -> None:
    """Raises SystemExit if the fp32 graph returns other logits than PyTorch."""
    ids = torch.from_numpy(np.random.default_rng(1).integers(4, 1000, (2, 24)))
    present = torch.ones_like(ids)
    with torch.no_grad():
        expected = student(ids, present).numpy()
    feed = {"input_ids": ids.numpy(), "attention_mask": present.numpy()}
    logits = {}
    for name in ("model", "model_quantized"):
        file = out / "onnx" / f"{name}.onnx"
        logits[name] = onnxruntime.InferenceSession(str(file)).run(None, feed)[0][:, 0]
        print(f"{name}: {file.stat().st_size:,} bytes, largest difference to PyTorch {np.abs(logits[name] - expected).max():.4f}")
    if np.abs(logits["model"] - expected).max() > 1e-3:
        raise SystemExit("The logits of onnx/model.onnx and PyTorch differ by more than 0.001; correct models/standin/recipe/graph.py.")
