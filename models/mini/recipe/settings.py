"""The folders and sizes of a run. `SMOKE=1` in the environment takes a slice that passes in minutes."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).parents[1]
REPOSITORY = HERE.parents[1]
CACHE = Path(
    os.environ.get("RERANK_WASM_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rerank-wasm"
)
# Runs of every size share the packages.
PACKAGES = CACHE / "mini-packages"


@dataclass(frozen=True)
class Settings:
    """The settings of a run. It writes all its files to `work`, outside the repository."""

    work: Path
    is_smoke: bool = False
    # The most passages and queries of each source.
    passages_each: int = 2200
    queries_each: int = 1600
    # A list has this many candidates, the answer first. A step uses `picked` of them.
    candidates: int = 6
    picked: int = 4
    # The student starts from these layers of the teacher.
    layers: tuple[int, ...] = (0, 2, 3, 4, 5, 6, 7, 8, 9)
    # Each layer of the student learns the output of this layer of the teacher.
    targets: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 9)
    # Before the training, least squares fit the student's layers to the teacher's on this many tokens.
    refit_tokens: int = 40000
    # The int8 file has to stay below 25 MiB, the limit of some hosts of static files.
    pieces: int = 23900
    longest: int = 384
    # A step uses this many lists.
    lists_each_step: int = 8
    # For each round of the training: the step from which the ranking counts most instead of the layers, and the last step.
    rounds: tuple[tuple[int, int], ...] = ((60, 230),)
    learning_rate: float = 5e-5
    seed: int = 1

    @property
    def steps(self) -> int:
        return self.rounds[-1][1]


SETTINGS = Settings(work=CACHE / "mini-run")
if os.environ.get("SMOKE"):
    SETTINGS = replace(
        SETTINGS,
        work=CACHE / "mini-smoke",
        is_smoke=True,
        passages_each=40,
        queries_each=15,
        refit_tokens=4000,
        lists_each_step=4,
        rounds=((8, 12),),
    )
