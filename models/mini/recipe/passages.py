"""Makes the passages of the training sources, of about 20 to 400 tokens."""

import gzip
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .fetch import folder_of
from .html_text import Section, sections

# The subject of each package as searchers on the web call it, and its HTML files.
_DOCUMENTATION = {
    "rust-doc": ("rust", ["html/book/*.html", "html/reference/*.html", "html/rust-by-example/**/*.html", "html/nomicon/*.html",
                          "html/edition-guide/**/*.html", "html/embedded-book/**/*.html"]),
    "postgresql-doc-15": ("postgres", ["html/*.html"]),
    "apache2-doc": ("apache", ["manual/en/**/*.html"]),
    "python-django-doc": ("django", ["html/topics/**/*.html", "html/ref/**/*.html", "html/howto/**/*.html", "html/faq/*.html", "html/intro/*.html"]),
    "nodejs-doc": ("nodejs", ["api/*.html", "../nodejs/api/*.html"]),
    "sphinx-doc": ("sphinx", ["html/**/*.html"]),
}
# Each passage has at most one of these numbers of words: about 25 to 390 tokens. Most are short, because those cost least.
_SIZES = (18, 25, 32, 45, 60, 95, 150, 270)
# WordNet may have more passages than the others, because it is the only source of general knowledge.
SHARES = {"wordnet": 3, "glossary": 2}


@dataclass
class Passage:
    source: str
    # Passages of one source with the same key are about the same thing, so one is no wrong answer to the other's query.
    key: str
    title: str
    text: str


def passages(limit: int, seed: int) -> list[Passage]:
    """Returns at most `limit` passages of each source, and more of WordNet. The same arguments return the same passages."""
    found: list[Passage] = []
    for name, read in [("wordnet", _wordnet), ("glossary", _glossary), ("jargon", _jargon), *((name, _documentation(name)) for name in _DOCUMENTATION)]:
        # The seed holds the name, so that a new source does not change the others.
        chance = random.Random(f"{seed} {name}")
        every = [passage for passage in read(chance) if len(passage.text.split()) >= 8]
        if not every:
            raise SystemExit(f"The package {name} has no passages where passages.py expects them; adapt it to the new layout.")
        share = limit * SHARES.get(name, 1)
        found += sorted(chance.sample(every, min(share, len(every))), key=lambda passage: passage.text)
    return found


def _documentation(name: str):
    subject, patterns = _DOCUMENTATION[name]

    def read(chance: random.Random) -> Iterator[Passage]:
        folder = folder_of(name) / "usr/share/doc" / name
        files = sorted({file.resolve() for pattern in patterns for file in folder.glob(pattern)})
        for file in files:
            for section in sections(file.read_text(encoding="utf-8", errors="replace")):
                for text in _chunks(section, chance):
                    yield Passage(name, f"{file.stem} {section.heading}", f"{section.heading} | {subject}", text)

    return read


def _chunks(section: Section, chance: random.Random) -> Iterator[str]:
    """Joins paragraphs up to a length, which differs from chunk to chunk."""
    words: list[str] = []
    size = chance.choice(_SIZES)
    for paragraph in section.paragraphs:
        words += paragraph.split()
        if len(words) >= size:
            yield " ".join(words[: size + 20])
            words, size = [], chance.choice(_SIZES)
    if words:
        yield " ".join(words)


def _synsets() -> Iterator[tuple[list[str], str]]:
    """Yields names and gloss in the order of WordNet's files, where neighbours are often akin."""
    folder = folder_of("wordnet-base") / "usr/share/wordnet"
    for kind in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{kind}").read_text(encoding="latin1").splitlines():
            if line.startswith(" "):
                continue
            head, gloss = line.split(" | ", 1)
            fields = head.split()
            count = int(fields[3], 16)
            names = [re.sub(r"\(.*\)", "", fields[4 + 2 * place]).replace("_", " ") for place in range(count)]
            yield names, gloss.strip().replace('; "', '. "')


def _wordnet(chance: random.Random) -> Iterator[Passage]:
    for names, definition in _synsets():
        text = chance.choice([definition, f"{chance.choice(names)}: {definition}", f"{names[0].capitalize()} means: {definition}"])
        yield Passage("wordnet", names[0].lower(), " | ".join(names), text)


def _glossary(chance: random.Random) -> Iterator[Passage]:
    """Joins several glosses in one text. The query asks for one of them, so the answer stands anywhere in a long passage."""
    entries: list[tuple[str, str]] = []
    size = chance.choice(_SIZES[4:])
    for names, definition in _synsets():
        entries.append((names[0].capitalize(), definition.split(". ")[0]))
        if sum(len(" ".join(entry).split()) for entry in entries) >= size:
            name, meaning = chance.choice(entries)
            text = " ".join(f"{other}: {definition}." for other, definition in entries)
            yield Passage("glossary", name.lower(), f"{name.lower()} | {meaning}", text)
            entries, size = [], chance.choice(_SIZES[4:])


def _jargon(_chance: random.Random) -> Iterator[Passage]:
    text = gzip.decompress((folder_of("dict-jargon") / "usr/share/dictd/jargon.dict.dz").read_bytes()).decode("utf8", "ignore")
    for entry in re.split(r"\n(?=\S)", text):
        head, _, body = entry.partition("\n")
        body = re.sub(r"\s+", " ", re.sub(r"[{}]", "", body)).strip()
        body = re.sub(r"^(/\S+/,?)?\s*(n|adj|v|vt|vi|interj|adv)\.?,?\s", "", body)
        if 60 < len(body) and 1 < len(head) < 40 and not head.startswith("00"):
            yield Passage("jargon", head.strip().lower(), head.strip(), " ".join(f"{head.strip()}: {body}".split()[:290]))


