"""The sizes of the models: `tiny` for tests, `minilm` and `modernbert-base` for measurements."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    vocabulary: int
    positions: int
    hidden: int
    layers: int
    heads: int
    intermediate: int
    # The standard deviation of weights. A layer's outputs then spread about as much as its inputs.
    spread: float
    # DeBERTa's buckets of distances.
    buckets: int
    # ModernBERT's window of local layers, and the distance of two global layers.
    window: int
    global_every: int


SIZES = {
    # ModernBERT's window is shorter than the longest input of the tests.
    "tiny": Size(
        vocabulary=120,
        positions=64,
        hidden=32,
        layers=2,
        heads=2,
        intermediate=64,
        spread=0.2,
        buckets=8,
        window=16,
        global_every=2,
    ),
    "minilm": Size(
        vocabulary=30_522,
        positions=512,
        hidden=384,
        layers=6,
        heads=12,
        intermediate=1536,
        spread=0.06,
        buckets=256,
        window=128,
        global_every=3,
    ),
    "modernbert-base": Size(
        vocabulary=50_368,
        positions=8192,
        hidden=768,
        layers=22,
        heads=12,
        intermediate=1152,
        spread=0.05,
        buckets=256,
        window=128,
        global_every=3,
    ),
}
