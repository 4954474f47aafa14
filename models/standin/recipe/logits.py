"""Makes the fixed list of inputs and runs them in onnxruntime's CPU provider."""

from pathlib import Path

import numpy as np
import onnxruntime

from dimensions import Dimensions

# The first and last special token of a text pair, and the first id after the special ones.
_SPECIAL = {"xlm-roberta": (0, 2, 4), "bert": (101, 102, 103)}

# 48 short, 10 medium, 6 long: every power of two with its neighbours, and the model's limit.
LENGTHS = [*range(4, 36), *range(37, 69, 2), 80, 96, 111, 127, 128, 129, 160, 192, 224, 255]
LENGTHS += [256, 257, 320, 400, 511, 512]


def inputs(dimensions: Dimensions, seed: int) -> list[dict[str, list[int]]]:
    """Returns random ids in pair form, of the lengths in LENGTHS, by the names of the model's inputs.

    `<s> query </s></s> passage </s>`, or BERT's `[CLS] query [SEP] passage [SEP]` with its token types.
    All ids but the marks are ordinary: no padding, no unknown token, and not the last id, <mask>.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    start, end, first_ordinary = _SPECIAL[dimensions.model_type]
    border = [end] if dimensions.model_type == "bert" else [end, end]
    sequences = []
    for length in LENGTHS:
        room = length - 2 - len(border)
        ordinary = generator.integers(first_ordinary, dimensions.vocab_size - 1, room).tolist()
        query = int(generator.integers(0, min(len(ordinary), 24) + 1))
        first = [start, *ordinary[:query], *border]
        sequence = {"input_ids": [*first, *ordinary[query:], end]}
        if dimensions.model_type == "bert":
            sequence["token_type_ids"] = [0] * len(first) + [1] * (length - len(first))
        sequences.append(sequence)
    return sequences


def run(model: Path, sequences: list[dict[str, list[int]]]) -> list[float]:
    """Returns the logit of each sequence, run as a batch of one on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    logits = []
    for sequence in sequences:
        feed = {name: np.array([ids], np.int64) for name, ids in sequence.items()}
        feed["attention_mask"] = np.ones_like(feed["input_ids"])
        (output,) = session.run(["logits"], feed)
        logits.append(float(output[0, 0]))
    return logits
