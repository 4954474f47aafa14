"""Cuts a tokenizer.json with a small vocabulary out of a larger one of the same model family."""

import json
import unicodedata

_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
_MASK = "<mask>"
_WORD_START = "▁"


def prune(source: str, vocabulary: int) -> str:
    """Cuts the unigram model in the JSON text `source` to `vocabulary` pieces; returns JSON text.

    It keeps the special tokens, all single ASCII and Latin characters, then the most probable Latin pieces, in the
    source's order. <mask> comes last. Normaliser, pre-tokeniser and post-processor stay as they are.
    Raises ValueError if the source has another layout or too few pieces.
    """
    tokenizer = json.loads(source)
    pieces = tokenizer["model"]["vocab"]
    names = [name for name, _ in pieces]
    if names[: len(_SPECIAL)] != _SPECIAL or names[-1] != _MASK:
        raise ValueError(f"The vocabulary must have {_SPECIAL} first and {_MASK} last; pass a tokenizer.json of XLM-R.")

    ordinary = range(len(_SPECIAL), len(pieces) - 1)
    latin = [index for index in ordinary if all(map(_is_latin, names[index]))]
    latin.sort(key=lambda index: (len(names[index]) > 1, -pieces[index][1], index))
    room = vocabulary - len(_SPECIAL) - 1
    if len(latin) < room:
        raise ValueError(f"The source has {len(latin)} Latin pieces, and {room} are needed; ask for a smaller vocabulary.")
    kept = [*range(len(_SPECIAL)), *sorted(latin[:room]), len(pieces) - 1]

    tokenizer["model"]["vocab"] = [pieces[index] for index in kept]
    for token in tokenizer["added_tokens"]:
        token["id"] = kept.index(token["id"])
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))


def _is_latin(character: str) -> bool:
    if character.isascii() or character == _WORD_START:
        return True
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN ")
