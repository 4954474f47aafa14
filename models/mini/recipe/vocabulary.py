"""Makes the student's tokenizer, of XLM-RoBERTa's kind: a unigram model over the pieces of the teacher's WordPiece.

The character map prepares text as BERT does: small letters, no accents, each punctuation mark as a separate word. All pieces
have nearly the same score; long beginnings score a little more. So the best segmentation has the fewest pieces, and mostly
equals WordPiece's. The student can therefore take over the teacher's embeddings piece by piece.
"""

import base64
import io
import json
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer

from .inference import model_folder
from .settings import HERE, Settings

WORD_START = "▁"
_SPECIAL = {"<s>": "[CLS]", "<pad>": "[PAD]", "</s>": "[SEP]", "<unk>": "[UNK]"}
_MASK = "<mask>"


def make_tokenizer(settings: Settings, texts: list[str]) -> None:
    """Writes out/tokenizer.json and pieces.json, which holds for each id the teacher's id of its embedding."""
    wordpiece = Tokenizer.from_file(str(model_folder("reranker_en") / "tokenizer.json"))
    wordpiece.no_padding()
    wordpiece.no_truncation()
    known = wordpiece.get_vocab()
    kept = _choose(known, wordpiece, texts, settings.pieces)
    names = [*_SPECIAL, WORD_START, *kept, _MASK]
    origins = [known[bert] for bert in _SPECIAL.values()]
    origins += [known["[UNK]"], *(known[_in_wordpiece(piece)] for piece in kept), known["[MASK]"]]
    tokenizer = json.loads((HERE.parents[1] / "pkg/mini/tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["normalizer"] = {
        "type": "Sequence",
        "normalizers": [
            {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(_character_map()).decode()},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
        ],
    }
    metaspace = {"type": "Metaspace", "replacement": WORD_START, "add_prefix_space": True, "prepend_scheme": "always"}
    tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}
    tokenizer["model"]["vocab"] = [[name, _score(name)] for name in names]
    for token in tokenizer["added_tokens"]:
        token["id"] = names.index(token["content"])
    out = settings.work / "out"
    out.mkdir(parents=True, exist_ok=True)
    (out / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    (settings.work / "pieces.json").write_text(json.dumps(origins), encoding="utf-8")
    made = Tokenizer.from_file(str(out / "tokenizer.json"))
    print(f"{len(names)} pieces; {_agreement(made, wordpiece, origins, texts[:2000]):.2%} of words split as WordPiece splits them", flush=True)


def _choose(known: dict[str, int], wordpiece: Tokenizer, texts: list[str], count: int) -> list[str]:
    """Chooses pieces, in the unigram spelling: single characters, then by use in the texts, then in the teacher's order."""
    used: Counter[int] = Counter()
    for encoding in wordpiece.encode_batch(texts, add_special_tokens=False):
        used.update(encoding.ids)
    usable = [piece for piece in known if not piece.startswith("[") or piece == "["]
    usable = [piece for piece in usable if all(map(_is_latin, piece.removeprefix("##")))]
    usable.sort(key=lambda piece: (len(piece.removeprefix("##")) > 1, -used[known[piece]], known[piece]))
    room = count - len(_SPECIAL) - 2
    return [_as_unigram(piece) for piece in sorted(usable[:room], key=lambda piece: known[piece])]


def _as_unigram(piece: str) -> str:
    return piece[2:] if piece.startswith("##") and len(piece) > 2 else WORD_START + piece


def _in_wordpiece(piece: str) -> str:
    return piece[1:] if piece.startswith(WORD_START) else "##" + piece


def _is_latin(character: str) -> bool:
    return character.isascii() or unicodedata.name(character, "").startswith("LATIN ") or unicodedata.category(character)[0] in "PS"


def _score(name: str) -> float:
    if name in _SPECIAL or name == _MASK:
        return 0.0
    if name == WORD_START:
        return -30.0
    length = min(len(name.removeprefix(WORD_START)), 30)
    # WordPiece takes the longest known beginning of a word, then the longest of the rest.
    return -10.0 + (0.05 * length if name.startswith(WORD_START) else 0.001 * length**2)


def _character_map() -> bytes:
    """Compiles `_replacement` of each character to SentencePiece's form."""
    rules = []
    for code in [*range(0x20, 0xD800), *range(0xF900, 0x10000), *range(0x1D400, 0x1D800)]:
        character = chr(code)
        replacement = _replacement(character)
        if replacement != character:
            rules.append(f"{code:X}\t{' '.join(f'{ord(part):X}' for part in replacement)}")
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "rules.tsv"
        table.write_text("\n".join(rules) + "\n", encoding="utf-8")
        model = io.BytesIO()
        # The trainer needs a text. Only its character map is used.
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["some words to begin with"] * 20),
            model_writer=model,
            vocab_size=20,
            hard_vocab_limit=False,
            normalization_rule_tsv=str(table),
            minloglevel=2,
        )
    return sentencepiece_model_pb2.ModelProto.FromString(model.getvalue()).normalizer_spec.precompiled_charsmap


def _replacement(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or character == WORD_START or category == "Zs":
        return " "
    if category in ("Cc", "Cf", "Co", "Cn"):
        return ""
    plain = "".join(part for part in unicodedata.normalize("NFKD", character).lower() if unicodedata.category(part) != "Mn")
    return "".join(f" {part} " if _stands_alone(part) else part for part in plain)


def _stands_alone(character: str) -> bool:
    return unicodedata.category(character)[0] == "P" or (character.isascii() and not character.isalnum() and character != " ")


def _agreement(made: Tokenizer, wordpiece: Tokenizer, origins: list[int], texts: list[str]) -> float:
    words = [word for text in texts for word in text.split()]
    ours = made.encode_batch(words, add_special_tokens=False)
    theirs = wordpiece.encode_batch(words, add_special_tokens=False)
    same = sum([origins[index] for index in one.ids] == other.ids for one, other in zip(ours, theirs, strict=True))
    return same / max(len(words), 1)

