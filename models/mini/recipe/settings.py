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
    passages_each: int = 9000
    queries_each: int = 14000
    # Candidates of a list, the answer first; of them `picked` take part in a step.
    candidates: int = 12
    picked: int = 8
    # Layers of the teacher that the student starts from.
    layers: tuple[int, ...] = (0, 2, 4, 7, 9, 11)
    pieces: int = 26000
    longest: int = 384
    # A step takes this many lists; the schedule ends after `steps`.
    lists_each_step: int = 64
    steps: int = 6000
    learning_rate: float = 1.5e-4
    seed: int = 1


SETTINGS = Settings(work=CACHE / "mini-run")
if os.environ.get("SMOKE"):
    SETTINGS = replace(
        SETTINGS,
        work=CACHE / "mini-smoke",
        is_smoke=True,
        passages_each=40,
        queries_each=15,
        candidates=5,
        picked=4,
        lists_each_step=4,
        steps=12,
    )
