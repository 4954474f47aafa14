"""The model card, from what was measured."""

import hashlib
import json
from pathlib import Path

from .fetch import sources
from .settings import Settings


def write_card(settings: Settings, measured: Path) -> None:
    """Writes out/README.md from the JSON of `eval/run.mjs --json` and precision.json."""
    out = settings.work / "out"
    int8 = json.loads(measured.read_text(encoding="utf-8"))
    precision = json.loads((settings.work / "precision.json").read_text(encoding="utf-8"))
    lines = [
        "# Small English cross-encoder reranker",
        "",
        "Scores how well a passage answers a query: one logit for `<s> query </s></s> passage </s>`, its sigmoid the score. English only;",
        "not a classifier, and its scores are no probabilities to set a threshold on without looking.",
        "",
        f"Graph of BAAI/bge-reranker-base (XLMRobertaForSequenceClassification, opset 11), {len(settings.layers)} layers, hidden size 384. The tokenizer is",
        "a unigram model over the pieces of its teacher's WordPiece, small letters only.",
        "",
        "## Measured",
        "",
        f"Showcase: the answering passage first in {int8['showcase']['model']} of 100.",
        "",
        "| set | passages | queries | ranked by | nDCG@10 | MRR |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in int8["rows"]:
        lines.append(f"| {row['set']} | {row['length']} | {row['queries']} | {row['by']} | {row['ndcg']:.3f} | {row['mrr']:.3f} |")
    lines += [
        "",
        "By `make eval`, int8, through the package's wasm. Held-out sources were not trained on. Long: 110 words or more.",
        "",
        "| set | nDCG@10 fp32 | nDCG@10 int8 | mean difference of logits |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {row['fp32']:.3f} | {row['int8']:.3f} | {row['difference of logits']:.3f} |"
            for name, row in precision.items()
        ),
        "",
        "Both through onnxruntime, which quantises activations by tensor; the package does so by token and is closer to fp32.",
        "",
        "## Training",
        "",
        f"Start: layers {', '.join(map(str, settings.layers))} of the teacher, cross-encoder/ms-marco-MiniLM-L-12-v2, and its embeddings. Trained on the teacher's",
        f"scores and the known answers: {settings.steps} steps of {settings.lists_each_step} lists of {settings.picked}, up to {settings.longest} tokens, AdamW {settings.learning_rate}.",
        "The teacher's authors trained it on MS MARCO; no text of it is used here.",
        "",
        "| source | version | licence | use |",
        "| --- | --- | --- | --- |",
    ]
    for source in sources():
        if "measured against" not in source["use"]:
            lines.append(f"| {source['registry']} {source['name']} | {source['version']} | {source['licence']} | {source['use']} |")
    lines += ["", "## Files", "", "| file | bytes | SHA-256 |", "| --- | --- | --- |"]
    for name in ("onnx/model_quantized.onnx", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json"):
        content = (out / name).read_bytes()
        lines.append(f"| {name} | {len(content):,} | {hashlib.sha256(content).hexdigest()} |")
    (out / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
