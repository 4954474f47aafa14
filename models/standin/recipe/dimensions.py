"""Defines architecture and dimensions of a cross-encoder, and the named stand-ins."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Dimensions:
    """Determines the shape of every tensor. The names are those of Hugging Face's config.json."""

    num_hidden_layers: int
    hidden_size: int
    num_attention_heads: int
    intermediate_size: int
    vocab_size: int
    max_position_embeddings: int
    layer_norm_eps: float
    model_type: str = "xlm-roberta"

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads

    @property
    def scope(self) -> str:
        """Starts the names of the encoder's parameters."""
        return self.model_type.removeprefix("xlm-")

    @property
    def type_vocab_size(self) -> int:
        return 2 if self.model_type == "bert" else 1

    def as_bert(self) -> "Dimensions":
        return replace(self, model_type="bert", max_position_embeddings=512, layer_norm_eps=1e-12)


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
    """Returns the model's config.json in Hugging Face's form."""
    bert = dimensions.model_type == "bert"
    tokens = {"pad_token_id": 0} if bert else {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    return {
        "_name_or_path": "standin",
        "architectures": ["BertForSequenceClassification" if bert else "XLMRobertaForSequenceClassification"],
        "attention_probs_dropout_prob": 0.1,
        "classifier_dropout": None,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": dimensions.hidden_size,
        "id2label": {"0": "LABEL_0"},
        "initializer_range": 0.02,
        "intermediate_size": dimensions.intermediate_size,
        "label2id": {"LABEL_0": 0},
        "layer_norm_eps": dimensions.layer_norm_eps,
        "max_position_embeddings": dimensions.max_position_embeddings,
        "model_type": dimensions.model_type,
        "num_attention_heads": dimensions.num_attention_heads,
        "num_hidden_layers": dimensions.num_hidden_layers,
        "output_past": True,
        **tokens,
        "position_embedding_type": "absolute",
        "torch_dtype": "float32",
        "transformers_version": "4.33.3",
        "type_vocab_size": dimensions.type_vocab_size,
        "use_cache": True,
        "vocab_size": dimensions.vocab_size,
    }
