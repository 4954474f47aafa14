"""Scores by BM25 (k1 0.9, b 0.4) with stop words and a light English stemmer. A reranker has to improve its order."""

import math
import re
from collections import Counter, defaultdict

import numpy as np

_STOP_WORDS = frozenset(
    "a an the of in on at to for from by with and or but as is are was were be been it its this that these those he she "
    "they his her their who which what when where how why i you we my your our not no do does did has have had can".split()
)
_K1, _B = 0.9, 0.4


def terms(text: str) -> list[str]:
    return [_stem(word) for word in re.findall(r"\w+", text.lower()) if word not in _STOP_WORDS]


def _stem(word: str) -> str:
    for ending in ("ies", "ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


class Bm25:
    """An index over `documents`."""

    def __init__(self, documents: list[str]) -> None:
        counts = [Counter(terms(document)) for document in documents]
        lengths = np.array([sum(count.values()) for count in counts], np.float32)
        lengths /= max(float(lengths.mean()), 1.0)
        self._size = len(documents)
        postings: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for index, count in enumerate(counts):
            for term, frequency in count.items():
                postings[term][0].append(index)
                postings[term][1].append(frequency)
        self._postings = {}
        for term, (indices, frequencies) in postings.items():
            found = np.array(indices)
            tf = np.array(frequencies, np.float32)
            idf = math.log(1 + (self._size - len(found) + 0.5) / (len(found) + 0.5))
            weights = idf * tf * (_K1 + 1) / (tf + _K1 * (1 - _B + _B * lengths[found]))
            self._postings[term] = (found, weights.astype(np.float32))

    def scores(self, query: str) -> np.ndarray:
        """Returns one score for each document, 0 for those without a term of the query."""
        scores = np.zeros(self._size, np.float32)
        for term in terms(query):
            if term in self._postings:
                found, weights = self._postings[term]
                scores[found] += weights
        return scores

    def top(self, query: str, count: int) -> list[int]:
        """Returns the best documents with a score above 0, best first, ties by index."""
        scores = self.scores(query)
        order = np.argsort(-scores, kind="stable")[:count]
        return [int(index) for index in order if scores[index] > 0]
