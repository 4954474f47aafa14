"""Makes the tiny graphs of the tests: NAME.onnx and NAME.jsonl, for each input `input_ids`, `token_type_ids`, `logit`.

NAME is the family, the major version of transformers, the exporter, the form of attention and the quantiser. Models of
transformers 4 have only the exporter without dynamo.
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
# Families with graphs on floats, too.
FLOATS = {"bert": ["fp32", "fp16"], "modernbert": ["fp16"]}
VERSION = transformers.__version__.split(".")[0]


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
    if VERSION == "4":
        # DistilBERT chose between scores and the lowest float in that version.
        return [("torchscript", "eager" if family == "distilbert" else attention, ["web"])]
    if family in WITH_POSITIONS:
        return [("torchscript", attention, ["web"])]
    floats = FLOATS.get(family, [])
    # No quantiser rounds the products of an Einsum, so both write the same file.
    integers = ["web"] if family == "jina-v2" else ["web", "vnni"]
    both = [("torchscript", attention, [*integers, "slim", *floats]), ("dynamo", attention, ["web", "slim"])]
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
