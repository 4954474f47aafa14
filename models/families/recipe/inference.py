"""Runs a graph in onnxruntime on one thread."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime


class Session:
    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.names = [put.name for put in self._session.get_inputs()]
        size = self._session.get_inputs()[0].shape[1]
        self._tokens = size if isinstance(size, int) else None

    def logit(self, ids: np.ndarray[Any, Any], segments: np.ndarray[Any, Any]) -> float:
        """Returns the logit of one sequence, as a batch of one. A graph of one length has it padded."""
        padding = (self._tokens or len(ids)) - len(ids)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": segments}
        given = {name: np.pad(values, (0, padding)) for name, values in given.items()}
        given["position_ids"] = np.arange(len(ids) + padding)
        (output,) = self._session.run(None, {name: given[name][None] for name in self.names})
        return float(output.ravel()[0])
