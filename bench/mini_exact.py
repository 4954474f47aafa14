"""Logits of the mini model's int8 weights with exact activations, beside those that are on record.

    mini_exact.py OUT

Writes one JSON object a line: input_ids, logit_int8_onnxruntime, logit_fp32 (tests/fixtures/mini_logits.jsonl) and
logit_dequantized: onnxruntime on the fp32 graph that holds the values the int8 weights stand for.
"""

import json
import sys
import tempfile
from pathlib import Path

import onnx

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY / "bench" / "standin"))

import logits  # noqa: E402
from graph import build  # noqa: E402
from quantization import dequantize  # noqa: E402
from structure import dimensions_of  # noqa: E402
from weights import random_weights  # noqa: E402

MODEL = REPOSITORY / "pkg" / "mini" / "onnx" / "model_quantized.onnx"
RECORDED = REPOSITORY / "tests" / "fixtures" / "mini_logits.jsonl"


def fp32_twin(quantized: onnx.ModelProto) -> onnx.ModelProto:
    """The graph that `quantized` was made from, with the values of its weights."""
    dimensions = dimensions_of(quantized)
    twin = build(dimensions, random_weights(dimensions, seed=0))
    kept = {tensor.name: tensor for tensor in quantized.graph.initializer}
    dequantize(twin, quantized)
    for tensor in twin.graph.initializer:
        if tensor.name in kept:
            tensor.CopyFrom(kept[tensor.name])
        elif f"{tensor.name}_quantized" not in kept:
            raise ValueError(f"{tensor.name} would keep its random values")
    return twin


def main() -> None:
    out = Path(sys.argv[1])
    lines = [json.loads(line) for line in RECORDED.read_text().splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "twin.onnx"
        onnx.save(fp32_twin(onnx.load(MODEL)), path)
        exact = logits.run(path, [line["input_ids"] for line in lines])
    text = "".join(json.dumps(line | {"logit_dequantized": logit}) + "\n" for line, logit in zip(lines, exact, strict=True))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)


if __name__ == "__main__":
    main()
