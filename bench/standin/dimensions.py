"""Dimensions of an XLM-RoBERTa cross-encoder, and the stand-ins that have a name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dimensions:
    """What fixes the shape of every tensor; the names are those of Hugging Face's config.json."""

    num_hidden_layers: int
    hidden_size: int
    num_attention_heads: int
    intermediate_size: int
    vocab_size: int
    max_position_embeddings: int
    layer_norm_eps: float

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads


STANDINS = {
    "base": Dimensions(
        num_hidden_layers=12,
        hidden_size=768,
        num_attention_heads=12,
        intermediate_size=3072,
        vocab_size=250_002,
        max_position_embeddings=514,
        layer_norm_eps=1e-5,
    ),
    "tiny": Dimensions(
        num_hidden_layers=2,
        hidden_size=64,
        num_attention_heads=4,
        intermediate_size=128,
        vocab_size=1_000,
        max_position_embeddings=514,
        layer_norm_eps=1e-5,
    ),
}


def config(dimensions: Dimensions) -> dict[str, object]:
    """The model's config.json in Hugging Face's form."""
    return {
        "_name_or_path": "standin",
        "architectures": ["XLMRobertaForSequenceClassification"],
        "attention_probs_dropout_prob": 0.1,
        "bos_token_id": 0,
        "classifier_dropout": None,
        "eos_token_id": 2,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": dimensions.hidden_size,
        "id2label": {"0": "LABEL_0"},
        "initializer_range": 0.02,
        "intermediate_size": dimensions.intermediate_size,
        "label2id": {"LABEL_0": 0},
        "layer_norm_eps": dimensions.layer_norm_eps,
        "max_position_embeddings": dimensions.max_position_embeddings,
        "model_type": "xlm-roberta",
        "num_attention_heads": dimensions.num_attention_heads,
        "num_hidden_layers": dimensions.num_hidden_layers,
        "output_past": True,
        "pad_token_id": 1,
        "position_embedding_type": "absolute",
        "torch_dtype": "float32",
        "transformers_version": "4.33.3",
        "type_vocab_size": 1,
        "use_cache": True,
        "vocab_size": dimensions.vocab_size,
    }
