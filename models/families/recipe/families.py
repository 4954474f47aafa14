"""The configurations of the families, in the names of transformers."""

import json
from pathlib import Path
from typing import Any

from sizes import Size

COMMON = ["bert", "xlm-roberta", "electra", "distilbert", "albert", "mpnet", "deberta-v2", "modernbert", "gte"]
# transformers lacks the published code of these.
COMMON += ["jina-bert", "jina-v2", "new"]
# Some exports take the numbers of positions as an input.
WITH_POSITIONS = {"bert-positions": "bert"}
OF_SIZE = {
    "tiny": [*COMMON, *WITH_POSITIONS],
    "forms": ["bert", "modernbert"],
    "minilm": COMMON,
    "modernbert-base": ["modernbert"],
}
WITHOUT_SDPA = {"mpnet", "deberta-v2", "jina-v2"}
WITH_SEGMENTS = {"bert", "bert-positions", "electra", "albert", "jina-bert"}


def configuration(family: str, size: Size) -> dict[str, Any]:
    common = {
        "vocab_size": size.vocabulary,
        "hidden_size": size.hidden,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.intermediate,
        "max_position_embeddings": size.positions,
        "type_vocab_size": 2,
        "num_labels": 1,
        "pad_token_id": 0,
    }
    return common | _own(family, size)


def write_config(family: str, size: Size, folder: Path) -> None:
    config = {"model_type": family} | configuration(family, size)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def _own(family: str, size: Size) -> dict[str, Any]:
    """What a family adds to the common settings."""
    match family:
        case "xlm-roberta" | "mpnet":
            # Positions of RoBERTa and its kin begin behind the padding's.
            return {"pad_token_id": 1, "max_position_embeddings": size.positions + 2}
        case "electra":
            return {"embedding_size": size.hidden}
        case "distilbert":
            return {
                "dim": size.hidden,
                "n_layers": size.layers,
                "n_heads": size.heads,
                "hidden_dim": size.intermediate,
            }
        case "albert":
            # Its layers share their weights. Without onnxslim, onnxruntime quantises only their first use in a graph of
            # TorchScript.
            return {"embedding_size": size.hidden // 2}
        case "deberta-v2":
            return {
                "position_buckets": size.buckets,
                "relative_attention": True,
                "pos_att_type": ["p2c", "c2p"],
                "share_att_key": True,
                "norm_rel_ebd": "layer_norm",
                "position_biased_input": False,
                "type_vocab_size": 0,
            }
        case "jina-bert":
            return {
                "model_type": "bert",
                "architectures": ["JinaBertForSequenceClassification"],
                "position_embedding_type": "alibi",
                "feed_forward_type": "geglu",
                "layer_norm_eps": 1e-12,
                "max_position_embeddings": 8192,
            }
        case "jina-v2":
            return {
                "model_type": "xlm-roberta",
                "architectures": ["XLMRobertaForSequenceClassification"],
                "pad_token_id": 1,
                "type_vocab_size": 1,
                "layer_norm_eps": 1e-5,
                "max_position_embeddings": size.positions + 2,
                "position_embedding_type": "absolute",
                "use_flash_attn": True,
            }
        case "gte":
            return {"pad_token_id": 1, "type_vocab_size": 1}
        case "new":
            return {
                "architectures": ["NewForSequenceClassification"],
                "pad_token_id": 1,
                "type_vocab_size": 1,
                "layer_norm_eps": 1e-12,
                "pack_qkv": True,
                "position_embedding_type": "rope",
                "rope_theta": 20000,
                "rope_scaling": {"type": "ntk", "factor": 8.0},
            }
        case "modernbert":
            return {
                # Tiny has a local layer between two global ones.
                "num_hidden_layers": max(size.layers, 3),
                "local_attention": size.window,
                "global_attn_every_n_layers": size.global_every,
                "reference_compile": False,
                "cls_token_id": 1,
                "sep_token_id": 2,
                "bos_token_id": 1,
                "eos_token_id": 2,
            }
    return {}
