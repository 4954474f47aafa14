"""Makes the tiny graphs of the tests: NAME.onnx and NAME.jsonl, for each input `input_ids`, `token_type_ids`, `logit`.

NAME is the family, the version of transformers, the exporter, the form of attention and the quantiser. The version is 5, 4
or 4.46. Models of transformers 4 have only the exporter without dynamo. A number behind the exporter is the opset, if it is
not the usual one.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import transformers

from exporter import SEED, export
from families import WITH_POSITIONS, WITHOUT_SDPA
from inference import Session
from quantiser import quantise
from sizes import SIZES

SIZE = SIZES["tiny"]
LENGTHS = (4, 7, 12, 30, 55)
# Families with graphs in further opsets, by the exporter. TorchScript writes no SDPA below 14, and no opset above 20.
OPSETS = {
    "bert": {("torchscript", "eager"): [11, 13], ("torchscript", "sdpa"): [14, 20], ("dynamo", "sdpa"): [20]},
    "distilbert": {("torchscript", "eager"): [11], ("dynamo", "sdpa"): [20]},
    "mpnet": {("torchscript", "eager"): [13, 20]},
    "modernbert": {("torchscript", "sdpa"): [14, 20], ("dynamo", "sdpa"): [20]},
    "deberta-v2": {("torchscript", "eager"): [14, 20]},
    "gte": {("torchscript", "sdpa"): [14, 20]},
}
# Families with the quantisers of unsigned weights.
UNSIGNED = {"bert": ["quint8", "quint8-channel"], "distilbert": ["quint8"], "modernbert": ["quint8"]}
MAJOR, MINOR = transformers.__version__.split(".")[:2]
# Version 4.46 is the last in which DeBERTa has XSoftmax, which also masks what Softmax returns.
XSOFTMAX = (MAJOR, MINOR) == ("4", "46")
VERSION = f"{MAJOR}.{MINOR}" if XSOFTMAX else MAJOR


def logits(path: Path) -> Iterator[dict[str, Any]]:
    session = Session(path)
    random = np.random.default_rng(SEED)
    for length in LENGTHS:
        ids = random.integers(5, SIZE.vocabulary, (1, length))[0]
        segments = (np.arange(length) >= length // 2).astype(np.int64)
        logit = session.logit(ids, segments)
        segments = segments if "token_type_ids" in session.names else np.zeros_like(segments)
        yield {"input_ids": ids.tolist(), "token_type_ids": segments.tolist(), "logit": logit}


# The exporter, the form of attention, the opset (None for the usual one) and the quantisers of a graph.
Variant = tuple[str, str, int | None, list[str]]


def variants(family: str) -> Iterator[Variant]:
    attention = "eager" if family in WITHOUT_SDPA else "sdpa"
    if XSOFTMAX:
        yield "torchscript", attention, None, ["web", "slim"]
        return
    if MAJOR == "4":
        # DistilBERT chose between scores and the lowest float in that version.
        yield "torchscript", "eager" if family == "distilbert" else attention, None, ["web"]
        return
    if family in WITH_POSITIONS:
        yield "torchscript", attention, None, ["web"]
        return
    # No quantiser rounds the products of an Einsum, so both write the same file.
    integers = ["web"] if family == "jina-v2" else ["web", "vnni"]
    integers += ["slim", *UNSIGNED.get(family, [])]
    yield "torchscript", attention, None, [*integers, "fp32", "fp16"]
    yield "dynamo", attention, None, ["web", "slim"]
    if attention == "sdpa":
        yield "torchscript", "eager", None, ["web"]
    for (exporter, attention), opsets in OPSETS.get(family, {}).items():
        for opset in opsets:
            yield exporter, attention, opset, ["web"]


def make(family: str, folder: Path) -> None:
    graph = folder / "float.onnx"
    for exporter, attention, opset, quantisers in variants(family):
        export(family, SIZE, exporter, attention, graph, opset)
        for quantiser in quantisers:
            path = folder / f"{family}-{VERSION}-{exporter}{opset or ''}-{attention}-{quantiser}.onnx"
            quantise(graph, path, quantiser)
            lines = "".join(json.dumps(line) + "\n" for line in logits(path))
            path.with_suffix(".jsonl").write_text(lines)
            print(path.name, path.stat().st_size, flush=True)
    graph.unlink()
