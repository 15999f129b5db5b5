"""The shape that every part of the page has."""

from collections.abc import Sequence
from dataclasses import dataclass

from labloop.report.drawing import Markup, el


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page: a title, one line that says what to see, and its content."""

    id: str
    title: str
    caption: str
    body: Markup
    there: bool = True
    """False where the body only says why there is nothing to see."""

    def html(self) -> Markup:
        """Return the part as a card."""
        caption = el("p", self.caption, class_="caption") if self.caption else Markup("")
        return el("section", el("h2", self.title), caption, self.body, id=self.id, class_="card")


def missing_section(name: str, title: str, sentence: str) -> Section:
    """Return a part that has nothing to show, with the reason as a plain sentence."""
    return Section(name, title, "", note(sentence), there=False)


def with_missing_last(sections: Sequence[Section]) -> list[Section]:
    """Return the parts, those without anything to see as one card at the end."""
    there = [s for s in sections if s.there]
    absent = [el("div", el("dt", s.title), el("dd", s.body)) for s in sections if not s.there]
    if not absent:
        return there
    caption = "Parts that this report has for other campaigns, and why they are empty here."
    return [
        *there,
        Section("absent", "Nothing to show yet", caption, el("dl", absent, class_="absent")),
    ]


def note(text: str) -> Markup:
    """Return a plain sentence in the place of something that does not exist (yet)."""
    return el("p", text, class_="note")
