"""Exports a cross-encoder with random weights by torch.onnx."""

from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from families import WITH_POSITIONS, WITH_SEGMENTS, configuration
from gte import Gte
from jina_bert import JinaBert
from jina_v2 import JinaV2
from sizes import Size

SEED = 7
# Dynamo splits a tensor by an operator of this opset.
OPSETS = {"modernbert": 18, "new": 18}
# Models that transformers lacks.
OWN = {"jina-bert": JinaBert, "jina-v2": JinaV2, "new": Gte}


class Logits(torch.nn.Module):
    """The model as a function of its inputs, in the order of `names`."""

    def __init__(self, model: torch.nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        output = self.model(**dict(zip(self.names, inputs, strict=True)))
        return output if isinstance(output, torch.Tensor) else output.logits


def random_model(family: str, size: Size, attention: str) -> torch.nn.Module:
    """Weights, biases, γ and β are all random: a rewrite must not find a 0 or a 1."""
    settings = configuration(family, size)
    if family in OWN:
        model = OWN[family](settings, attention).eval()
    else:
        config = AutoConfig.for_model(WITH_POSITIONS.get(family, family), **settings)
        model = AutoModelForSequenceClassification.from_config(config, attn_implementation=attention).eval()
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = size.spread if parameter.dim() > 1 else 0.1
            mean = 1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread + mean)
    return model


def export(
    family: str,
    size: Size,
    exporter: str,
    attention: str,
    path: Path,
    opset: int | None = None,
    tokens: int | None = None,
) -> None:
    """With `tokens`, TorchScript writes a graph for one pair of this length."""
    names = ["input_ids", "attention_mask"] + (["token_type_ids"] if family in WITH_SEGMENTS else [])
    names += ["position_ids"] if family in WITH_POSITIONS else []
    shape = (1, tokens) if tokens else (2, 12)
    ids = torch.randint(5, size.vocabulary, shape, generator=torch.Generator().manual_seed(SEED))
    mask = torch.ones_like(ids)
    mask[-1, 9:] = 0
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
    given["position_ids"] = torch.arange(ids.shape[1]).expand_as(ids)
    opset = opset or OPSETS.get(family, 17)
    common = {"input_names": names, "output_names": ["logits"], "opset_version": opset}
    model = Logits(random_model(family, size, attention), names)
    inputs = tuple(given[name] for name in names)
    if exporter == "torchscript":
        axes = {} if tokens else {name: {0: "batch", 1: "sequence"} for name in names} | {"logits": {0: "batch"}}
        torch.onnx.export(model, inputs, path, dynamic_axes=axes, dynamo=False, **common)
    else:
        batch, sequence = torch.export.Dim("batch"), torch.export.Dim("sequence", max=size.positions - 4)
        shapes = (tuple({0: batch, 1: sequence} for _ in names),)
        torch.onnx.export(
            model, inputs, path, dynamic_shapes=shapes, dynamo=True, external_data=False, verbose=False, **common
        )
