"""Makes a stand-in for bge-reranker-base: the same int8 ONNX graph, or one like it, with random weights.

    make.py --size base|tiny --out DIR [--oracle] [--architecture bert]
            [--quantization full-range|unsigned]
    make.py --check-against FILE

DIR receives onnx/model_quantized.onnx, config.json and logits.jsonl. tiny, and base with --oracle, add
onnx/model_dequantized.onnx: the same graph in fp32 with the values of the int8 weights. tiny adds tokenizer.json, but
not for bert. --check-against builds the graph for FILE's dimensions and fails unless it equals FILE's in everything
but the weights. The program does nothing if DIR is complete for this recipe and these package versions.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

import logits
from dimensions import STANDINS, Dimensions, config
from graph import EXPORTERS, build
from pruned_tokenizer import prune
from quantization import QUANTIZATIONS, dequantize, quantize
from structure import differences, dimensions_of
from weights import random_weights

WEIGHTS_SEED, INPUTS_SEED = 20_240_229, 20_240_301
MINI_TOKENIZER = Path(__file__).parents[3] / "pkg" / "mini" / "tokenizer.json"
QUANTIZED, DEQUANTIZED = "onnx/model_quantized.onnx", "onnx/model_dequantized.onnx"
STAMP = "stamp.json"


def recipe(dimensions: Dimensions, quantization: str) -> str:
    """Hashes everything that determines the output: sources, package versions, dimensions and seeds."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        if not source.name.startswith("test_"):
            digest.update(source.read_bytes())
    digest.update(MINI_TOKENIZER.read_bytes())
    versions = [np.__version__, onnx.__version__, onnxruntime.__version__]
    digest.update(json.dumps([versions, asdict(dimensions), quantization]).encode())
    return digest.hexdigest()


def is_complete(folder: Path, wanted_recipe: str, oracle: bool) -> bool:
    try:
        stamp = json.loads((folder / STAMP).read_text())
        sizes = {name: (folder / name).stat().st_size for name in stamp["files"]}
    except (OSError, ValueError, KeyError):
        return False
    return (
        stamp["recipe"] == wanted_recipe and stamp["files"] == sizes and (DEQUANTIZED in sizes or not oracle)
    )


@contextmanager
def workspace(parent: Path) -> Iterator[Path]:
    """Makes a folder beside the output, on the same file system. Removes it afterwards, also after SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".standin-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def generate(
    dimensions: Dimensions, quantization: str, folder: Path, oracle: bool, tokenizer: bool
) -> None:
    """Writes all files but the stamp into the empty `folder`."""
    started = time.monotonic()

    def report(text: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {text}", flush=True)

    quantized, dequantized, scratch = folder / QUANTIZED, folder / DEQUANTIZED, folder / "scratch.onnx"
    quantized.parent.mkdir()
    model = build(dimensions, random_weights(dimensions, WEIGHTS_SEED))
    onnx.save(model, scratch)
    report(f"fp32 graph: {scratch.stat().st_size:,} bytes")
    quantized_model = quantize(scratch, quantized, quantization)
    scratch.unlink()
    report(f"{QUANTIZED}: {quantized.stat().st_size:,} bytes")
    if oracle:
        dequantize(model, quantized_model)
        onnx.save(model, dequantized)
        report(f"{DEQUANTIZED}: {dequantized.stat().st_size:,} bytes")
    del model, quantized_model

    sequences = logits.inputs(dimensions, INPUTS_SEED)
    answers = {"logit_int8_onnxruntime": logits.run(quantized, sequences)}
    report(f"int8: {describe(answers['logit_int8_onnxruntime'])}")
    if oracle:
        answers["logit_dequantized"] = logits.run(dequantized, sequences)
        report(f"oracle: {describe(answers['logit_dequantized'])}")
        errors = np.abs(np.subtract(answers["logit_int8_onnxruntime"], answers["logit_dequantized"]))
        report(f"int8 against oracle: mean error {errors.mean():.4f}, largest {errors.max():.4f}")
    with (folder / "logits.jsonl").open("w") as lines:
        for index, sequence in enumerate(sequences):
            line = sequence | {key: values[index] for key, values in answers.items()}
            lines.write(json.dumps(line) + "\n")

    (folder / "config.json").write_text(json.dumps(config(dimensions), indent=2, sort_keys=True) + "\n")
    if tokenizer:
        text = prune(MINI_TOKENIZER.read_text(encoding="utf-8"), dimensions.vocab_size)
        (folder / "tokenizer.json").write_text(text, encoding="utf-8")


def describe(values: list[float]) -> str:
    spread = f"{min(values):.3f} to {max(values):.3f}, standard deviation {np.std(values):.3f}"
    return f"{len(values)} logits, {spread}"


def install(made: Path, out: Path, made_recipe: str) -> None:
    """Moves the files of `made` into `out`. The stamp comes last, so a stamp means that all files are there."""
    for name in (STAMP, DEQUANTIZED):
        (out / name).unlink(missing_ok=True)
    files = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    sizes = {name: (made / name).stat().st_size for name in files}
    (made / STAMP).write_text(json.dumps({"recipe": made_recipe, "files": sizes}, indent=2) + "\n")
    for name in [*files, STAMP]:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(made / name, out / name)


def make(
    size: str, out: Path, oracle: bool, architecture: str = "xlm-roberta", quantization: str = "reduced"
) -> None:
    bert = architecture == "bert"
    dimensions = STANDINS[size].as_bert() if bert else STANDINS[size]
    oracle = oracle or size == "tiny"
    wanted_recipe = recipe(dimensions, quantization)
    if is_complete(out, wanted_recipe, oracle):
        print(f"{out} is complete")
        return
    print(f"making the {size} {architecture} stand-in, {quantization}, in {out}")
    with workspace(out.parent) as folder:
        generate(dimensions, quantization, folder, oracle, tokenizer=size == "tiny" and not bert)
        install(folder, out, wanted_recipe)


def check_against(file: Path) -> list[str]:
    """Lists the differences between the model in `file` and a stand-in of its dimensions."""
    expected = onnx.load(file)
    dimensions = dimensions_of(expected)
    print(f"{file}: {dimensions}")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "model.onnx"
        onnx.save(build(dimensions, random_weights(dimensions, WEIGHTS_SEED)), source)
        actual = quantize(source, Path(folder) / "model_quantized.onnx")
    return list(differences(expected, actual))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=sorted(STANDINS))
    parser.add_argument("--out", type=Path, metavar="DIR")
    parser.add_argument("--oracle", action="store_true", help="base: also write the 1.1 GB fp32 twin")
    parser.add_argument("--architecture", choices=sorted(EXPORTERS), default="xlm-roberta")
    parser.add_argument("--quantization", choices=sorted(QUANTIZATIONS), default="reduced")
    parser.add_argument("--check-against", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if bool(arguments.size) != bool(arguments.out) or not (arguments.size or arguments.check_against):
        parser.error("give --size with --out, or --check-against")
    if arguments.check_against:
        found = check_against(arguments.check_against)
        print("\n".join(found[:20]) or "same graph")
        if found:
            print(f"{len(found)} differences")
            return 1
    if arguments.size:
        make(
            arguments.size, arguments.out, arguments.oracle, arguments.architecture, arguments.quantization
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
