"""Reads the files that `lists.py` wrote."""

import json
from dataclasses import dataclass

import numpy as np

from .settings import Settings


@dataclass
class Data:
    passages: list[str]
    sources: list[str]
    queries: list[str]
    # [queries, candidates]: indices of passages, the answer first.
    candidates: np.ndarray
    # [queries, candidates]: cosines by the dense encoder.
    dense: np.ndarray


def read_data(settings: Settings) -> Data:
    try:
        stored = json.loads((settings.work / "data.json").read_text(encoding="utf-8"))
        lists = np.load(settings.work / "lists.npz")
        candidates, dense = lists["candidates"], lists["dense"]
    except FileNotFoundError as error:
        raise SystemExit(f"The file {error.filename} is missing; run the step `data` first.") from None
    passages = stored["passages"]
    return Data([text for _, text in passages], [source for source, _ in passages], stored["queries"], candidates, dense)
