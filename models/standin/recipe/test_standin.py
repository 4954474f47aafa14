"""Tests the recipe: `python -m unittest discover models/standin/recipe`, with ../requirements.txt installed."""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx

from logits import LENGTHS
from make import DEQUANTIZED, MINI_TOKENIZER, QUANTIZED, check_against, make
from pruned_tokenizer import prune

FIXTURES = Path(__file__).parents[3] / "tests" / "fixtures"
MINI = MINI_TOKENIZER.parent / QUANTIZED


class Structure(unittest.TestCase):
    def test_equals_the_exported_graph(self) -> None:
        self.assertEqual(check_against(MINI), [])

    def test_a_difference_is_found(self) -> None:
        model = onnx.load(MINI)
        softmax = next(node for node in model.graph.node if node.op_type == "Softmax")
        softmax.attribute[0].i = 2
        with tempfile.TemporaryDirectory() as folder:
            changed = Path(folder) / "changed.onnx"
            onnx.save(model, changed)
            self.assertEqual(len(check_against(changed)), 1)


class Tiny(unittest.TestCase):
    parent: Path
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.parent = Path(folder.name)
        cls.folder = cls.parent / "first"
        make("tiny", cls.folder, oracle=False)

    def test_is_the_same_each_time(self) -> None:
        again = self.parent / "second"
        make("tiny", again, oracle=False)
        for path in (path for path in self.folder.rglob("*") if path.is_file()):
            self.assertEqual(path.read_bytes(), (again / path.relative_to(self.folder)).read_bytes(), path)

    def test_leaves_nothing_else_behind(self) -> None:
        self.assertFalse(list(self.parent.glob(".*")))

    def test_complete_output_stays_and_incomplete_output_is_made_again(self) -> None:
        model = self.folder / QUANTIZED
        before = model.stat().st_mtime_ns
        make("tiny", self.folder, oracle=False)
        self.assertEqual(model.stat().st_mtime_ns, before)
        model.unlink()
        make("tiny", self.folder, oracle=False)
        self.assertTrue(model.is_file())

    def test_logits_differ_between_inputs_and_agree_with_the_oracle(self) -> None:
        lines = [json.loads(line) for line in (self.folder / "logits.jsonl").read_text().splitlines()]
        self.assertEqual([len(line["input_ids"]) for line in lines], LENGTHS)
        self.assertEqual(len(lines), 64)
        int8 = np.array([line["logit_int8_onnxruntime"] for line in lines])
        oracle = np.array([line["logit_dequantized"] for line in lines])
        self.assertGreater(oracle.std(), 1.0)
        self.assertLess(np.abs(int8 - oracle).max(), 0.25)

    def test_no_bias_or_layer_norm_parameter_is_an_identity(self) -> None:
        for tensor in onnx.load(self.folder / DEQUANTIZED).graph.initializer:
            values = onnx.numpy_helper.to_array(tensor)
            if values.ndim == 1:
                self.assertFalse(np.isin(values, (0.0, 1.0)).any(), tensor.name)


class Variants(unittest.TestCase):
    """The recipe makes the committed fixtures byte for byte."""

    def check(self, name: str, **options: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / name
            make("tiny", made, oracle=False, **options)
            committed = FIXTURES / f"standin-tiny-{name}" / QUANTIZED
            self.assertEqual((made / QUANTIZED).read_bytes(), committed.read_bytes())

    def test_bert(self) -> None:
        self.check("bert", architecture="bert")

    def test_other_quantizations(self) -> None:
        for quantization in ("full-range", "unsigned"):
            self.check(quantization, quantization=quantization)


class PrunedTokenizer(unittest.TestCase):
    def test_keeps_the_special_tokens_and_the_size(self) -> None:
        source = MINI_TOKENIZER.read_text(encoding="utf-8")
        tokenizer = json.loads(prune(source, 1_000))
        names = [name for name, _ in tokenizer["model"]["vocab"]]
        self.assertEqual((len(names), len(set(names))), (1_000, 1_000))
        self.assertEqual([names[token["id"]] for token in tokenizer["added_tokens"]], [*names[:4], "<mask>"])
        self.assertTrue(set("abcxyz019,.?ø") <= set(names))
        for part in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
            self.assertEqual(tokenizer[part], json.loads(source)[part])

    def test_refuses_a_size_that_the_source_cannot_fill(self) -> None:
        with self.assertRaises(ValueError):
            prune(MINI_TOKENIZER.read_text(encoding="utf-8"), 1_000_000)


if __name__ == "__main__":
    unittest.main()
