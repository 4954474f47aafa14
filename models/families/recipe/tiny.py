"""Makes the tiny graphs of the tests: NAME.onnx and NAME.jsonl, for each input `input_ids`, `token_type_ids`, `logit`.

NAME is the family, the version of transformers, the exporter, the form of attention and the quantiser. The version is 5, 4
or 4.46. Models of transformers 4 have only the exporter without dynamo.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import transformers

from exporter import OWN, SEED, export
from families import WITH_POSITIONS, WITHOUT_SDPA
from inference import Session
from quantiser import quantise
from sizes import SIZES

SIZE = SIZES["tiny"]
LENGTHS = (4, 7, 12, 30, 55)
# Families with graphs on halves, beside those on floats.
HALVES = {"bert", "xlm-roberta", "distilbert", "albert", "deberta-v2", "modernbert", "new"}
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


def variants(family: str) -> list[tuple[str, str, list[str]]]:
    """The exporter, the form of attention and the quantisers of each graph."""
    attention = "eager" if family in WITHOUT_SDPA else "sdpa"
    if XSOFTMAX:
        return [("torchscript", attention, ["web", "slim"])]
    if MAJOR == "4":
        # DistilBERT chose between scores and the lowest float in that version.
        return [("torchscript", "eager" if family == "distilbert" else attention, ["web"])]
    if family in WITH_POSITIONS:
        return [("torchscript", attention, ["web"])]
    floats = ["fp32", "fp16"] if family in HALVES else ["fp32"]
    # No quantiser rounds the products of an Einsum, so both write the same file.
    integers = ["web"] if family == "jina-v2" else ["web", "vnni"]
    integers += ["slim", *UNSIGNED.get(family, [])]
    both = [("torchscript", attention, [*integers, *floats]), ("dynamo", attention, ["web", "slim"])]
    # The published code of these chooses the form of attention by a setting.
    return [*both, ("torchscript", "eager", ["web"])] if family in OWN and attention == "sdpa" else both


def make(family: str, folder: Path) -> None:
    graph = folder / "float.onnx"
    for exporter, attention, quantisers in variants(family):
        export(family, SIZE, exporter, attention, graph)
        for quantiser in quantisers:
            path = folder / f"{family}-{VERSION}-{exporter}-{attention}-{quantiser}.onnx"
            quantise(graph, path, quantiser)
            lines = "".join(json.dumps(line) + "\n" for line in logits(path))
            path.with_suffix(".jsonl").write_text(lines)
            print(path.name, path.stat().st_size, flush=True)
    graph.unlink()
