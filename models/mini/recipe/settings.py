"""Where things lie and how large they are. `SMOKE=1` in the environment takes a slice that passes in minutes."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).parents[1]
REPOSITORY = HERE.parents[1]
CACHE = Path(
    os.environ.get("RERANK_WASM_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rerank-wasm"
)
# Packages are the same for every size of run.
PACKAGES = CACHE / "mini-packages"


@dataclass(frozen=True)
class Settings:
    """`work` is the folder of all that a run makes; it lies outside the repository."""

    work: Path
    is_smoke: bool = False
    # Passages and queries of each source, at most.
    passages_each: int = 2200
    queries_each: int = 1600
    # Candidates of a list, the answer first; of them `picked` take part in a step.
    candidates: int = 6
    picked: int = 4
    # Layers of the teacher that the student starts from.
    layers: tuple[int, ...] = (0, 2, 3, 4, 5, 6, 7, 8, 9)
    # For each of the student's layers the layer of the teacher whose output it shall give.
    targets: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 9)
    # The student's layers are fitted to the teacher's on this many tokens before they are trained.
    refit_tokens: int = 40000
    # The int8 file has to stay below 25 MiB, which is what hosts of static files take at most.
    pieces: int = 23900
    longest: int = 384
    # A step takes this many lists.
    lists_each_step: int = 8
    # Of each round of the training: the step from which on the ranking counts most and no longer the layers, and its end.
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
