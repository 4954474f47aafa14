"""Extracts headings and the plain text below them from the HTML of documentation."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_BLOCKS = {"p", "li", "dd", "dt", "td", "blockquote", "div"}
_HEADINGS = {"h1", "h2", "h3", "h4"}
_SKIPPED = {"script", "style", "pre", "nav", "table", "footer", "header", "svg", "button"}
_VOID = {"br", "img", "hr", "input", "meta", "link", "area", "base", "col", "source", "wbr"}


@dataclass
class Section:
    heading: str
    paragraphs: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections = [Section("")]
        self._skipping: list[str] = []
        self._text: list[str] = []
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = dict(attrs).get("class") or ""
        is_chrome = "sidebar" in classes or "related" in classes.split() or "headerlink" in classes
        if tag not in _VOID and (self._skipping or tag in _SKIPPED or is_chrome):
            self._skipping.append(tag)
        elif tag in _HEADINGS:
            self._end_block()
            self._in_heading = True
        elif tag in _BLOCKS and not self._in_heading:
            self._end_block()

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            if tag in self._skipping:
                while self._skipping.pop() != tag:
                    pass
        elif tag in _HEADINGS and self._in_heading:
            self.sections.append(Section(_clean("".join(self._text))))
            self._text.clear()
            self._in_heading = False
        elif tag in _BLOCKS and not self._in_heading:
            self._end_block()

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._text.append(data)

    def _end_block(self) -> None:
        text = _clean("".join(self._text))
        self._text.clear()
        if text:
            self.sections[-1].paragraphs.append(text)


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("¶", "")).strip(" #\n")


def sections(html: str) -> list[Section]:
    """Returns the sections of a page in their order, without code, tables, navigation and empty sections."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    numbered = re.compile(r"^[\d.]+\s+")
    for section in reader.sections:
        section.heading = numbered.sub("", section.heading)
    return [section for section in reader.sections if section.paragraphs]
