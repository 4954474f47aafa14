"""Makes tiny graphs of further forms: NAME.onnx and NAME.jsonl, for each input `input_ids`, `token_type_ids`, `logit` and
`exact`, a logit without roundings of activations.

NAME is the family and the form. `static-all` is onnxruntime's static quantisation by default; `static-channel` has a scale
for each output of a matrix, and quantises the operators that optimum chooses. `operators` has attention and rotary positions
as one operator each, as dynamo writes them from opset 23 on; `einsum` has attention with torch.einsum; `fixed` takes one pair
of 64 tokens. These have the dynamic quantisation of transformers.js, and their `exact` is the logit of the weights before it,
else that of the quantised weights.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, eager_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from exporter import SEED, export
from inference import Session
from quantiser import QUANTISERS, remove_traces
from sizes import SIZES

SIZE = SIZES["tiny"]
LENGTHS = (4, 7, 12, 30, 55)
CALIBRATION_TEXTS = 20
OPSET_OF_OPERATORS = 23
# onnxruntime's quantiser takes the standard Attention for its own, so that must be left out.
DYNAMIC = {**QUANTISERS["web"], "op_types_to_quantize": ["MatMul", "Gemm", "Gather"]}
STATIC: dict[str, dict[str, Any]] = {
    "static-all": {},
    "static-channel": {"per_channel": True, "op_types_to_quantize": ["MatMul", "Gemm", "Gather", "Add"]},
}


class Texts(CalibrationDataReader):  # type: ignore[misc]
    """Random texts, from which onnxruntime takes the ranges of activations."""

    def __init__(self) -> None:
        random = np.random.default_rng(SEED + 1)
        lengths = random.integers(LENGTHS[0], LENGTHS[-1], CALIBRATION_TEXTS, endpoint=True)
        self._texts = iter([text(random, length) for length in lengths])

    def get_next(self) -> dict[str, Any] | None:
        return next(self._texts, None)


def einsum_attention(
    _module: torch.nn.Module,
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
    scaling: float,
    **_: object,
) -> tuple[torch.Tensor, None]:
    scores = torch.einsum("bhqc,bhkc->bhqk", queries, keys) * scaling + mask
    return torch.einsum("bhqk,bhkc->bqhc", scores.softmax(-1), values), None


def text(random: np.random.Generator, length: int) -> dict[str, Any]:
    ids = random.integers(5, SIZE.vocabulary, (1, length))
    segments = (np.arange(length) >= length // 2).astype(np.int64)[None]
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": segments}


def without_roundings(source: Path, target: Path) -> None:
    """Writes a model whose operators read the floats that its QuantizeLinear nodes read."""
    model = onnx.load(source)
    rounded = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    pairs = [node for node in model.graph.node if node.op_type == "DequantizeLinear" and node.input[0] in rounded]
    floats = {node.output[0]: rounded[node.input[0]] for node in pairs}
    for node in model.graph.node:
        node.input[:] = [floats.get(name, name) for name in node.input]
    for pair in pairs:
        model.graph.node.remove(pair)
        if pair.output[0] in {output.name for output in model.graph.output}:
            model.graph.node.append(onnx.helper.make_node("Identity", [floats[pair.output[0]]], pair.output))
    onnx.save(model, target)


def write_logits(path: Path, exact: Path) -> None:
    random = np.random.default_rng(SEED)
    sessions = {"logit": Session(path), "exact": Session(exact)}
    lines = ""
    for length in LENGTHS:
        ids, _, segments = (values[0] for values in text(random, length).values())
        if "token_type_ids" not in sessions["logit"].names:
            segments = np.zeros_like(segments)
        logits = {name: session.logit(ids, segments) for name, session in sessions.items()}
        lines += json.dumps({"input_ids": ids.tolist(), "token_type_ids": segments.tolist(), **logits}) + "\n"
    path.with_suffix(".jsonl").write_text(lines)
    print(path.name, path.stat().st_size, flush=True)


def make(family: str, folder: Path) -> None:
    graph, exact = folder / "float.onnx", folder / "exact.onnx"
    export(family, SIZE, "dynamo", "sdpa", graph, OPSET_OF_OPERATORS)
    quantise(graph, folder / f"{family}-operators.onnx")
    if family == "bert":
        ALL_ATTENTION_FUNCTIONS.register("einsum", einsum_attention)
        ALL_MASK_ATTENTION_FUNCTIONS.register("einsum", eager_mask)
        export(family, SIZE, "torchscript", "einsum", graph)
        quantise(graph, folder / f"{family}-einsum.onnx")
        export(family, SIZE, "torchscript", "sdpa", graph, tokens=SIZE.positions)
        quantise(graph, folder / f"{family}-fixed.onnx")
        export(family, SIZE, "torchscript", "sdpa", graph)
        for quantiser, options in STATIC.items():
            path = folder / f"{family}-{quantiser}.onnx"
            types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
            quantize_static(graph, path, Texts(), quant_format=QuantFormat.QDQ, **types, **options)
            without_roundings(path, exact)
            write_logits(path, exact)
        exact.unlink()
    graph.unlink()


def quantise(graph: Path, path: Path) -> None:
    quantize_dynamic(graph, path, per_channel=False, reduce_range=False, **DYNAMIC)
    remove_traces(path)
    write_logits(path, graph)
