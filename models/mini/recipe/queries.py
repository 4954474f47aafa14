"""Makes questions and search-like queries by rules from the passages that answer them."""

import random
import re

from .passages import SHARES, Passage

_STOP_WORDS = frozenset(
    "a an the of in on at to for from by with and or but as is are was were be been being it its this that these those he "
    "she they his her their him them which who whom whose what when where how why i you we not no nor so such than then "
    "there also can could may might will would shall should has have had do does did into over under between about after "
    "before during through out up down more most other some any each all both only own same too very one two first "
    "including used using use often usually many known called several see following example".split()
)
_AUXILIARY = re.compile(r"\b(is|are|was|were|has|had|can|could|will|would|must|should)\b")


def queries(passages: list[Passage], limit: int, seed: int) -> list[tuple[str, int]]:
    """Returns pairs of a query and the index of its answer: at most `limit` for each source, and more of WordNet."""
    made: dict[str, list[tuple[str, int]]] = {}
    for index, passage in enumerate(passages):
        # The seed holds the text, so that a passage keeps its queries in any set of passages.
        chance = random.Random(f"{seed} {passage.text}")
        rules = _RULES.get(passage.source, _documentation)
        for query in rules(passage, chance):
            query = re.sub(r"\s+", " ", query).strip(" ,;:")
            # A search box seldom receives code.
            if 1 <= len(query.split()) <= 30 and len(query) > 2 and not re.search(r"[\[\]{}<>=_()#]", query):
                made.setdefault(passage.source, []).append((_as_typed(query, chance), index))
    chance = random.Random(seed)
    chosen = [chance.sample(pairs, min(limit * SHARES.get(source, 1), len(pairs))) for source, pairs in made.items()]
    return [pair for pairs in chosen for pair in sorted(pairs, key=lambda pair: pair[1])]


def _dictionary(passage: Passage, chance: random.Random) -> list[str]:
    return _about(chance.choice(passage.title.split(" | ")), passage.text.split(": ", 1)[-1].split(". ")[0], chance)


def _glossary(passage: Passage, chance: random.Random) -> list[str]:
    return _about(*passage.title.split(" | ", 1), chance)


def _about(name: str, definition: str, chance: random.Random) -> list[str]:
    definition = definition.split(";")[0]
    made = [
        chance.choice(
            [name, f"what is {name}", f"what is {name}?", f"{name} definition", f"define {name}", f"meaning of {name}", f"what does {name} mean?"]
        )
    ]
    if len(definition.split()) >= 4:
        # These queries ask for the word by its meaning.
        made.append(chance.choice([f"what is the word for {definition}", f"what do you call {definition}?", definition]))
    return made


def _documentation(passage: Passage, chance: random.Random) -> list[str]:
    heading, subject = passage.title.rsplit(" | ", 1)
    made = []
    words = heading.split()
    if 2 <= len(words) <= 10:
        plain = heading.rstrip("?.:")
        if heading.endswith("?"):
            made.append(heading)
        elif words[0].endswith("ing"):
            made.append(chance.choice([f"how to go about {plain} in {subject}", f"{plain} {subject}", f"how does {plain} work in {subject}?"]))
        else:
            made.append(chance.choice([f"{plain} {subject}", f"{subject} {plain}", f"what is {plain} in {subject}?", f"how do {plain} work in {subject}"]))
    sentences = [part for part in re.split(r"(?<=[a-z0-9)][.!?])\s+(?=[A-Z])", passage.text) if 6 <= len(part.split()) <= 40]
    if sentences:
        asked = _question(chance.choice(sentences), chance)
        if asked:
            made.append(asked)
        keywords = _keywords(chance.choice(sentences), chance)
        if keywords:
            made.append(f"{subject} {keywords}" if chance.random() < 0.5 else keywords)
    return made


def _question(sentence: str, chance: random.Random) -> str | None:
    """Makes a question that the sentence answers: how, why, when or what."""
    sentence = re.sub(r"\([^)]*\)", "", sentence).rstrip(". ")
    conditional = re.match(r"(?:If|When) (.+?), (.+)", sentence)
    if conditional:
        return f"what happens if {conditional.group(1)}?"
    purpose = re.match(r"To (\w+ .+?), ", sentence)
    if purpose:
        return chance.choice([f"how to {purpose.group(1)}", f"how do I {purpose.group(1)}?"])
    because = re.match(r"(.+?),? because ", sentence)
    auxiliary = _AUXILIARY.search(because.group(1) if because else sentence)
    if not auxiliary or not 0 < len(sentence[: auxiliary.start()].split()) <= 7:
        return None
    before = sentence[: auxiliary.start()].strip()
    before = before[0].lower() + before[1:] if not before[:2].isupper() else before
    after = (because.group(1) if because else sentence)[auxiliary.end() :].split(",")[0].strip()
    if because:
        return f"why {auxiliary.group(1)} {before} {after}?"
    if chance.random() < 0.4:
        return f"what {auxiliary.group(1)} {after}?"
    return f"{chance.choice(['when', 'how', 'why', ''])} {auxiliary.group(1)} {before} {after}?"


def _keywords(sentence: str, chance: random.Random) -> str | None:
    words = [word.strip(".,;:()\"'") for word in sentence.split()]
    words = [word for word in words if word.lower() not in _STOP_WORDS and len(word) > 2]
    if len(words) < 3:
        return None
    chosen = sorted(chance.sample(range(len(words)), min(len(words), chance.randint(2, 5))))
    return " ".join(words[place] for place in chosen)


def _as_typed(query: str, chance: random.Random) -> str:
    """Varies a query as users type it: half are in small letters, some lack a word or the question mark."""
    words = query.split()
    if len(words) > 6 and chance.random() < 0.2:
        del words[chance.randrange(1, len(words))]
    query = " ".join(words)
    if chance.random() < 0.4:
        query = query.rstrip("?")
    return query.lower() if chance.random() < 0.5 else query


_RULES = {"wordnet": _dictionary, "jargon": _dictionary, "glossary": _glossary}
