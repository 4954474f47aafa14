"""Finds hard negatives for each query, by BM25 and by a dense encoder."""

import json

import numpy as np

from .bm25 import Bm25
from .inference import DenseEncoder
from .passages import Passage, passages
from .queries import queries
from .settings import Settings


def make_lists(settings: Settings) -> None:
    """Writes data.json (passages and queries) and lists.npz.

    lists.npz holds for each query `candidates`, indices of passages with the answer first, and `dense`, their similarity to the
    query by the dense encoder.
    """
    found = passages(settings.passages_each, settings.seed)
    asked = queries(found, settings.queries_each, settings.seed)
    print(f"{len(found)} passages, {len(asked)} queries", flush=True)
    texts = [passage.text for passage in found]
    similarities = _dense_similarities(texts, asked)
    candidates = _negatives(found, asked, Bm25(texts), similarities, settings)
    settings.work.mkdir(parents=True, exist_ok=True)
    data = {"passages": [[passage.source, passage.text] for passage in found], "queries": [query for query, _ in asked]}
    (settings.work / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    dense = np.array([similarities(index)[row] for index, row in enumerate(candidates)], np.float32)
    np.savez(settings.work / "lists.npz", candidates=candidates, dense=dense)


def _dense_similarities(texts: list[str], asked: list[tuple[str, int]]):
    encoder = DenseEncoder()
    vectors = encoder.passages(texts)
    query_vectors = encoder.queries([query for query, _ in asked])
    return lambda index: query_vectors[index] @ vectors.T


def _negatives(found: list[Passage], asked: list[tuple[str, int]], bm25: Bm25, similarities, settings: Settings) -> np.ndarray:
    """Takes half of the negatives from BM25's first twenty, and at least one at random.

    The others come from the dense encoder's first thirty.
    """
    chance = np.random.default_rng(settings.seed)
    wanted = settings.candidates - 1
    by_bm25 = wanted // 2
    by_dense = wanted - by_bm25 - 1
    rows = np.zeros((len(asked), settings.candidates), np.int32)
    for index, (query, answer) in enumerate(asked):
        taken = [answer]
        blocked = {(found[answer].source, found[answer].key)}

        def take(pool, count: int, taken=taken, blocked=blocked) -> None:
            for candidate in pool:
                if count == 0:
                    return
                other = found[candidate]
                if candidate not in taken and (other.source, other.key) not in blocked:
                    taken.append(int(candidate))
                    count -= 1

        take(chance.permutation(bm25.top(query, 20)), by_bm25)
        take(chance.permutation(np.argsort(-similarities(index))[:30]), by_dense)
        while len(taken) < settings.candidates:
            take(chance.permutation(len(found)), settings.candidates - len(taken))
        rows[index] = taken
    return rows
