"""The fixed list of inputs, and what onnxruntime's CPU provider answers to them."""

from pathlib import Path

import numpy as np
import onnxruntime

from dimensions import Dimensions

_START, _END, _FIRST_ORDINARY = 0, 2, 4

# 48 short, 10 medium, 6 long: every power of two with its neighbours, and the model's limit.
LENGTHS = [*range(4, 36), *range(37, 69, 2), 80, 96, 111, 127, 128, 129, 160, 192, 224, 255]
LENGTHS += [256, 257, 320, 400, 511, 512]


def inputs(dimensions: Dimensions, seed: int) -> list[list[int]]:
    """Random ids in pair form, `<s> query </s></s> passage </s>`, of the lengths in LENGTHS.

    Ordinary ids only: neither <pad>, <unk> nor the last id, <mask>.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    sequences = []
    for length in LENGTHS:
        ordinary = generator.integers(_FIRST_ORDINARY, dimensions.vocab_size - 1, length - 4).tolist()
        query = int(generator.integers(0, min(len(ordinary), 24) + 1))
        sequences.append([_START, *ordinary[:query], _END, _END, *ordinary[query:], _END])
    return sequences


def run(model: Path, sequences: list[list[int]]) -> list[float]:
    """The logit of each sequence, run as a batch of one on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    logits = []
    for sequence in sequences:
        ids = np.array([sequence], np.int64)
        (output,) = session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        logits.append(float(output[0, 0]))
    return logits
