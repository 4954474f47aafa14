"""Exports tiny cross-encoders with random weights, quantises them, and writes onnxruntime's logits.

    make.py FOLDER [FAMILY...]

FOLDER receives, for each graph, NAME.onnx and NAME.jsonl: for each input `input_ids`, `token_type_ids` and `logit`. NAME
is the family, the major version of transformers, the exporter, the form of attention and the quantiser. The exporters are
torch.onnx with and without dynamo; models of transformers 4 have only the latter. The quantisers are
onnxruntime's as transformers.js calls it (`web`) and as Sentence Transformers does for AVX-512 VNNI (`vnni`), which also
quantises products of activations. `fp32` and `fp16` stand for graphs on floats.
"""

import json
import logging
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16
from transformers import AutoConfig, AutoModelForSequenceClassification

VOCABULARY, POSITIONS, SEED = 120, 64, 7
LENGTHS = (4, 7, 12, 30, 55)

COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": POSITIONS,
    "type_vocab_size": 2,
    "num_labels": 1,
    "pad_token_id": 0,
}
# Positions of RoBERTa and its kin begin behind the padding's.
OFFSET = {"pad_token_id": 1, "max_position_embeddings": POSITIONS + 2}
FAMILIES: dict[str, dict[str, Any]] = {
    "bert": {},
    "bert-positions": {},
    "xlm-roberta": OFFSET,
    "electra": {"embedding_size": 32},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    "mpnet": OFFSET,
    # Its layers share their weights, of which onnxruntime quantises the first use only in graphs of TorchScript.
    "albert": {"embedding_size": 16},
    "deberta-v2": {
        "position_buckets": 8,
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
        "type_vocab_size": 0,
    },
    # A local layer between two global ones; its window is shorter than the longest input.
    "modernbert": {
        "num_hidden_layers": 3,
        "local_attention": 16,
        "global_attn_every_n_layers": 2,
        "reference_compile": False,
        "cls_token_id": 1,
        "sep_token_id": 2,
        "bos_token_id": 1,
        "eos_token_id": 2,
    },
}
# Some exports take the numbers of positions as an input.
WITH_POSITIONS = {"bert-positions": "bert"}
WITHOUT_SDPA = {"mpnet", "deberta-v2"}
# Dynamo splits a tensor by an operator of this opset.
OPSETS = {"modernbert": 18}
WITH_SEGMENTS = {"bert", "bert-positions", "electra", "albert"}
# Families with graphs on floats, too.
FLOATS = {"bert": ["fp32", "fp16"], "modernbert": ["fp16"]}
VERSION = transformers.__version__.split(".")[0]

QUANTISERS: dict[str, dict[str, Any]] = {
    "web": {"weight_type": QuantType.QInt8, "extra_options": {"MatMulConstBOnly": True}},
    "vnni": {
        "weight_type": QuantType.QInt8,
        "extra_options": {"MatMulConstBOnly": False, "WeightSymmetric": True, "ActivationSymmetric": False},
    },
}


class Logits(torch.nn.Module):
    """The model as a function of its inputs, in the order of `names`."""

    def __init__(self, model: torch.nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.model(**dict(zip(self.names, inputs, strict=True))).logits


def random_model(family: str, attention: str) -> torch.nn.Module:
    """Weights, biases, γ and β are all random: a rewrite must not find a 0 or a 1."""
    config = AutoConfig.for_model(WITH_POSITIONS.get(family, family), **(COMMON | FAMILIES[family]))
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation=attention).eval()
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = 0.2 if parameter.dim() > 1 else 0.1
            mean = 1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread + mean)
    return model


def export(family: str, exporter: str, attention: str, path: Path) -> None:
    names = ["input_ids", "attention_mask"] + (["token_type_ids"] if family in WITH_SEGMENTS else [])
    names += ["position_ids"] if family in WITH_POSITIONS else []
    ids = torch.randint(5, VOCABULARY, (2, 12), generator=torch.Generator().manual_seed(SEED))
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
    given["position_ids"] = torch.arange(ids.shape[1]).expand_as(ids)
    common = {"input_names": names, "output_names": ["logits"], "opset_version": OPSETS.get(family, 17)}
    model, inputs = Logits(random_model(family, attention), names), tuple(given[name] for name in names)
    if exporter == "torchscript":
        axes = {name: {0: "batch", 1: "sequence"} for name in names} | {"logits": {0: "batch"}}
        torch.onnx.export(model, inputs, path, dynamic_axes=axes, dynamo=False, **common)
    else:
        batch, sequence = torch.export.Dim("batch"), torch.export.Dim("sequence", max=POSITIONS - 4)
        shapes = (tuple({0: batch, 1: sequence} for _ in names),)
        torch.onnx.export(
            model, inputs, path, dynamic_shapes=shapes, dynamo=True, external_data=False, verbose=False, **common
        )


def without_traces(path: Path) -> None:
    """Removes the metadata of dynamo, which holds paths of the machine that ran it."""
    model = onnx.load(path)
    messages = [*model.graph.node, *model.graph.value_info, *model.graph.initializer, model.graph]
    if any(message.metadata_props for message in messages):
        for message in messages:
            del message.metadata_props[:]
        onnx.save(model, path)


def logits(path: Path) -> Iterator[dict[str, Any]]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [put.name for put in session.get_inputs()]
    random = np.random.default_rng(SEED)
    for length in LENGTHS:
        ids = random.integers(5, VOCABULARY, (1, length))
        segments = (np.arange(length) >= length // 2).astype(np.int64)[None]
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": segments}
        given["position_ids"] = np.arange(length)[None]
        (output,) = session.run(None, {name: given[name] for name in names})
        segments = segments if "token_type_ids" in names else np.zeros_like(segments)
        yield {
            "input_ids": ids[0].tolist(),
            "token_type_ids": segments[0].tolist(),
            "logit": float(output.ravel()[0]),
        }


def variants(family: str) -> list[tuple[str, str, list[str]]]:
    """The exporter, the form of attention and the quantisers of each graph."""
    attention = "eager" if family in WITHOUT_SDPA else "sdpa"
    if VERSION == "4":
        # DistilBERT chose between scores and the lowest float in that version.
        return [("torchscript", "eager" if family == "distilbert" else attention, ["web"])]
    if family in WITH_POSITIONS:
        return [("torchscript", attention, ["web"])]
    floats = FLOATS.get(family, [])
    return [("torchscript", attention, ["web", "vnni", *floats]), ("dynamo", attention, ["web"])]


def quantise(graph: Path, quantiser: str, path: Path) -> None:
    if quantiser == "fp32":
        shutil.copy(graph, path)
    elif quantiser == "fp16":
        onnx.save(convert_float_to_float16(onnx.load(graph), disable_shape_infer=True), path)
    else:
        quantize_dynamic(graph, path, per_channel=False, reduce_range=False, **QUANTISERS[quantiser])


def main() -> None:
    out, families = Path(sys.argv[1]), sys.argv[2:] or list(FAMILIES)
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch)
        graph = made / "float.onnx"
        for family in families:
            for exporter, attention, quantisers in variants(family):
                export(family, exporter, attention, graph)
                for quantiser in quantisers:
                    path = made / f"{family}-{VERSION}-{exporter}-{attention}-{quantiser}.onnx"
                    quantise(graph, quantiser, path)
                    without_traces(path)
                    lines = "".join(json.dumps(line) + "\n" for line in logits(path))
                    path.with_suffix(".jsonl").write_text(lines)
                    print(path.name, path.stat().st_size, flush=True)
        graph.unlink()
        out.mkdir(parents=True, exist_ok=True)
        for path in sorted(made.iterdir()):
            shutil.copy(path, out / path.name)


if __name__ == "__main__":
    main()
