"""Writes the model card from the measurements. The card is the README of the npm package."""

import hashlib
import json
from pathlib import Path

import torch

from .fetch import sources
from .settings import Settings

_INTRODUCTION = """# rerank-wasm-mini

A small English cross-encoder for [rerank-wasm](https://www.npmjs.com/package/rerank-wasm). It has {megabytes} MB; bge-reranker-base has 296 MB.
Use it for tests, for demos, and where the large model does not fit, such as in edge functions.

```js
import { createReranker } from 'rerank-wasm';
import mini from 'rerank-wasm-mini';
const reranker = await createReranker({ model: mini });
```

The export lists the three files with their sizes and SHA-256, which rerank-wasm checks. In Node and browsers, bundled or
not, they are URLs; bundlers copy the files. In workerd (Cloudflare Workers) they are Data modules. Wrangler needs this rule:

```toml
[[rules]]
type = "Data"
globs = ["**/*.onnx"]
fallthrough = true
```

## What it is for, and what not

- **For** English questions and search-like queries over short passages. It ignores case and accents.
- **Long passages** are its weak side: it gets {long} of {longs} long showcase questions right. Windows do not help ({long_windows} of {longs}).
- **Not** for other languages: it does not know their pieces.
- **Not** a classifier. The score is the sigmoid of one logit and no calibrated probability. Use the order.
- Use bge-reranker-base where it fits.
"""


def write_card(settings: Settings, measured: Path) -> None:
    """Writes out/README.md from the JSON of `eval/run.mjs --json` and precision.json."""
    out = settings.work / "out"
    int8 = json.loads(measured.read_text(encoding="utf-8"))
    precision = json.loads((settings.work / "precision.json").read_text(encoding="utf-8"))
    (out / "README.md").write_text("\n".join(_lines(settings, int8, precision)) + "\n", encoding="utf-8")


def _lines(settings: Settings, int8: dict, precision: dict) -> list[str]:
    out = settings.work / "out"
    step = torch.load(settings.work / "student.pt", map_location="cpu", weights_only=True)["step"]
    long = {row["by"]: row for row in int8["rows"] if row["set"] == "showcase" and row["length"] == "long"}
    size = sum((out / name).stat().st_size for name in ("onnx/model_quantized.onnx", "tokenizer.json", "config.json"))
    facts = {
        "megabytes": round(size / 1e6),
        "long": long["model"]["first"],
        "long_windows": long["model, windows of 85 words"]["first"],
        "longs": long["model"]["queries"],
    }
    introduction = _INTRODUCTION
    for name, value in facts.items():
        introduction = introduction.replace(f"{{{name}}}", str(value))
    return [
        introduction,
        "## Measured",
        "",
        "By `make eval` of rerank-wasm: int8, through the package, over whole passages and over windows of 85 words, of which the best",
        "counts. The showcase has 100 questions, each with one passage that answers and four that share its words. The other sets are",
        "held out: training used nothing of their sources. Long passages have 110 words or more.",
        "",
        "| showcase, right passage first | of 100 |",
        "| --- | --- |",
        *(f"| {'**this model**' if by == 'model' else by.replace('model,', 'this model,')} | {first} |" for by, first in int8["showcase"].items()),
        "",
        "The showcase was rewritten until the teacher did well on it, so its row flatters it. {}".format(_LOOKED_AT),
        "",
        "| set | passages | queries | ranked by | nDCG@10 | MRR |",
        "| --- | --- | --- | --- | --- | --- |",
        *(f"| {row['set']} | {row['length']} | {row['queries']} | {row['by']} | {row['ndcg']:.3f} | {row['mrr']:.3f} |" for row in int8["rows"]),
        "",
        "What int8 costs, both through onnxruntime. It quantises activations by tensor; the package, which the tables above measure,",
        "does so by token and is closer to fp32:",
        "",
        "| set | nDCG@10 fp32 | nDCG@10 int8 | mean difference of logits |",
        "| --- | --- | --- | --- |",
        *(f"| {name} | {row['fp32']:.3f} | {row['int8']:.3f} | {row['difference of logits']:.3f} |" for name, row in precision.items()),
        "",
        "## How it was made",
        "",
        "The graph is bge-reranker-base's as exported by Xenova (XLMRobertaForSequenceClassification, opset 11, `<s> query </s></s>",
        f"passage </s>`), with {len(settings.layers)} layers and hidden size 384. The tokenizer is a unigram model over the pieces of the teacher's WordPiece.",
        "",
        f"- **Start:** layers {', '.join(map(str, settings.layers))} of the teacher, cross-encoder/ms-marco-MiniLM-L-12-v2, and its embeddings, which stay as they are. Each layer's",
        f"  last matrix was fitted by least squares on {settings.refit_tokens} tokens. Its target is what the teacher has after its layers {', '.join(map(str, settings.targets))}.",
        f"- **Training:** {step} steps of {settings.lists_each_step} lists of {settings.picked} pairs, up to {settings.longest} tokens, AdamW {settings.learning_rate}, {_rounds(settings)}at first on the",
        "  outputs of the teacher's layers. Later it also learns the teacher's ranking, blended with the cosines of bge-small-en-v1.5, and",
        f"  the known answers. That is some {step * settings.lists_each_step * settings.picked:,} pairs, within half an hour on two busy CPU cores.",
        "- The teacher's authors trained it on MS MARCO; no text of it is used here.",
        "- **int8:** onnxruntime's dynamic quantisation, per channel, with reduced range.",
        "",
        "| source | version | licence | use |",
        "| --- | --- | --- | --- |",
        *(
            f"| {source['registry']} {source['name']} | {source['version']} | {source['licence']} | {source['use']} |"
            for source in sources()
            if "measured against" not in source["use"]
        ),
        "",
        "## Files",
        "",
        "| file | bytes | SHA-256 |",
        "| --- | --- | --- |",
        *(_described(out, name) for name in ("onnx/model_quantized.onnx", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json")),
        "",
        "Licences: [NOTICE.md](NOTICE.md).",
    ]


_LOOKED_AT = (
    "The makers of this model\nlooked at the showcase and the held-out sets three times. First they tried out the start, then they weighed bge-small-en-v1.5 in\nthe training. At last a longer training of six layers had come to 72, so this model has nine."
)


def _rounds(settings: Settings) -> str:
    count = len(settings.rounds)
    return f"in {count} rounds: each " if count > 1 else ""


def _described(out: Path, name: str) -> str:
    content = (out / name).read_bytes()
    return f"| {name} | {len(content):,} | {hashlib.sha256(content).hexdigest()} |"
