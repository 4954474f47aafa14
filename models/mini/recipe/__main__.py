"""python -m recipe STEP…: runs steps in the given order; `all` runs those from `fetch` to `card`.

fetch       downloads the packages of sources.json
data        makes passages, queries, hard negatives and the tokenizer
train       trains; continues a stopped run; MINUTES=… stops early
export      writes ONNX, fp32 and int8
eval        measures the showcase and the held-out sources through the package's wasm, and int8 against fp32
card        writes the model card
install     copies the model into pkg/mini; not part of `all`
pack        writes one archive for a machine with a GPU, which runs `train`
references  writes eval/references.json; run it after a change of a set
"""

import subprocess
import sys
import time

from .settings import HERE, SETTINGS


def _fetch() -> None:
    from .fetch import fetch

    fetch()


def _data() -> None:
    from .data import read_data
    from .lists import make_lists
    from .vocabulary import make_tokenizer

    make_lists(SETTINGS)
    data = read_data(SETTINGS)
    make_tokenizer(SETTINGS, data.passages + data.queries)


def _train() -> None:
    from .train import train

    train(SETTINGS)


def _export() -> None:
    from .export import export

    print(export(SETTINGS))


def _eval() -> None:
    measured = SETTINGS.work / "measured.json"
    scope = ["--only", "showcase"] if SETTINGS.is_smoke else []
    command = ["node", HERE / "eval/run.mjs", "--model", SETTINGS.work / "out", "--json", measured, *scope]
    subprocess.run(command, check=True)
    from .precision import measure_precision

    measure_precision(SETTINGS)


def _card() -> None:
    from .card import write_card

    write_card(SETTINGS, SETTINGS.work / "measured.json")


def _install() -> None:
    from .install import install

    install(SETTINGS)


def _pack() -> None:
    from .archive import pack

    pack(SETTINGS)


def _references() -> None:
    from .references import make_references

    make_references()


_STEPS = {
    "fetch": _fetch,
    "data": _data,
    "train": _train,
    "export": _export,
    "eval": _eval,
    "card": _card,
    "install": _install,
    "pack": _pack,
    "references": _references,
}
_ALL = ["fetch", "data", "train", "export", "eval", "card"]


def main() -> None:
    wanted = sys.argv[1:]
    if wanted == ["all"]:
        wanted = _ALL
    if not wanted or not set(wanted) <= set(_STEPS):
        raise SystemExit(__doc__)
    SETTINGS.work.mkdir(parents=True, exist_ok=True)
    for step in wanted:
        started = time.monotonic()
        print(f"== {step}", flush=True)
        _STEPS[step]()
        print(f"== {step}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
