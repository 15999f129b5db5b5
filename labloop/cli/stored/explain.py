"""The verb that tells in words what a campaign learned, asks and misses, and its alarms."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labloop.cli.terminal import (
    AnyMode,
    AsJson,
    Database,
    Name,
    console,
    find_campaign,
    open_repositories,
    table_lines,
)

if TYPE_CHECKING:
    from labloop.report import Explanation, MissingTerm

Round = Annotated[int | None, typer.Option("--round", help="which round, from 0 [the last one]")]

_TRACK = 32
_PLACES = 9
_PLAIN = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹Ωµ", "--0123456789Ou")  # noqa: RUF001 - what a page lacks
"""What stands for letters that a console cannot show."""


def explain(
    name: Name,
    *,
    index: Round = None,
    db: Database = None,
    real: AnyMode = None,
    as_json: AsJson = False,
) -> None:
    """Tell in words what was learned, what the physics misses, what is asked for and why."""
    from labloop.report import explain as explained  # noqa: PLC0415 - keeps labloop --help quick

    with open_repositories(db, read_only=True) as repositories:
        record = find_campaign(repositories, name, real)
        explanation = explained(repositories, record.id, index)
        if as_json:
            typer.echo(json.dumps(_plain(explanation), indent=2))
            return
        _Page().show(explanation, repositories.url)


def _plain(explanation: "Explanation") -> dict[str, Any]:
    """Return the explanation as JSON, with the words that the page has for each number."""
    from labloop.report import describe_constant, describe_term  # noqa: PLC0415 - same

    return {
        "campaign": explanation.name,
        "mode": explanation.mode,
        "round": explanation.round,
        "results": explanation.results,
        "learned": {
            "sentence": explanation.learned,
            "constants": [
                {**asdict(c), "sentence": describe_constant(c), "share_of_prior_width": c.left}
                for c in explanation.constants
            ],
            "competing": dict(explanation.competing),
            "members": dict(explanation.members),
        },
        "missing": {
            "sentence": explanation.missing,
            "terms": [{**asdict(t), "sentence": describe_term(t)} for t in explanation.terms],
        },
        "proposals": [
            {
                "place": p.place,
                "experiment": p.experiment,
                "point": dict(p.point),
                "kind": p.kind,
                "sentence": p.sentence,
                "predicted": {n: asdict(v) for n, v in p.predicted.items()},
                "uncertainty": {n: asdict(v) for n, v in p.parts.items()},
                "source": p.source,
                "outcome": p.outcome,
            }
            for p in explanation.proposals
        ],
        "open_questions": list(explanation.open_questions),
        "alarms": [{**asdict(d), "when": d.when} for d in explanation.alarms],
    }


class _Page:
    """Writes an explanation: tables in a terminal, plain lines into a file or a pipe."""

    def __init__(self) -> None:
        self._out = console()
        self._encoding = sys.stdout.encoding or "ascii"

    def show(self, explanation: "Explanation", database: str) -> None:
        """Write everything that there is to tell."""
        where = "" if explanation.round is None else f", round {explanation.round}"
        self._print(f"database  {database}")
        self._print(
            f"campaign  {explanation.name} ({explanation.mode}){where}, "
            f"{explanation.results} results by now"
        )
        self._head("What was learned")
        self._print(explanation.learned)
        self._learned(explanation)
        self._missing(explanation)
        if explanation.proposals:
            self._proposals(explanation)
        if explanation.round is not None:
            self._head("Open questions")
            nothing = "Nothing stands out as undecided in this round."
            self._each(explanation.open_questions or (nothing,))
        self._head("Alarms")
        self._each(d.words for d in explanation.alarms)
        if not explanation.alarms:
            self._print("None was raised up to this round.")

    def _learned(self, explanation: "Explanation") -> None:
        from labloop.report import describe_constant, describe_member  # noqa: PLC0415 - same

        if len(explanation.competing) > 1:
            self._table(
                ("competing physics", "weight"),
                [(n, _share(w)) for n, w in explanation.competing.items()],
            )
        if explanation.constants:
            head = ("constant", "now", "90 % interval", "before", "unit", "")
            rows = [
                (
                    c.name,
                    f"{c.mean:.3g}",
                    _range(c.low, c.high),
                    _range(c.prior_low, c.prior_high),
                    "" if c.unit == "1" else c.unit,
                    describe_constant(c),
                )
                for c in explanation.constants
            ]
            self._table(head, rows)
        if explanation.members:
            of = explanation.competing
            counted = [(describe_member(n, of), _share(w)) for n, w in explanation.members.items()]
            self._table(("model", "weight"), counted)

    def _missing(self, explanation: "Explanation") -> None:
        if not explanation.missing:
            return
        from labloop.report import describe_term  # noqa: PLC0415 - keeps labloop --help quick

        self._head("What the physics is missing")
        self._print(explanation.missing)
        for term in explanation.terms:
            self._print("")
            self._print(describe_term(term))
            self._lines(term_lines(term, mark=self._either("●", "o"), rail=self._either("─")))

    def _proposals(self, explanation: "Explanation") -> None:
        self._head("What its proposals are for")
        for p in explanation.proposals:
            made = "not planned" if p.experiment is None else f"experiment {p.experiment}"
            self._print(f"{p.place}. {made}: {p.conditions}")
            self._print(f"   {p.kind}: {p.sentence}")
            if p.outcome:
                self._print(f"   it gave: {p.outcome}")

    def _head(self, title: str) -> None:
        self._print("")
        if self._out.is_terminal:
            self._out.print(title, style="bold")
        else:
            self._print(title)

    def _each(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._print(f"- {text}")

    def _lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._print(f"  {line}")

    def _table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        shown = [[self._letters(cell) for cell in row] for row in rows]
        if not self._out.is_terminal:
            self._print("")
            self._lines(table_lines(head, shown))
            return
        from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - keeps labloop --help quick
        from rich.table import Table  # noqa: PLC0415 - same

        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for column in head:
            table.add_column(column)
        for row in shown:
            table.add_row(*row)
        self._out.print(table)

    def _print(self, text: str) -> None:
        # A sentence is folded to a terminal's width; a pipe gets it whole.
        self._out.print(self._letters(text), soft_wrap=not self._out.is_terminal)

    def _letters(self, text: str) -> str:
        return text if _shows(self._encoding, text) else text.translate(_PLAIN)

    def _either(self, wanted: str, else_this: str = ".") -> str:
        return wanted if _shows(self._encoding, wanted) else else_this


def _shows(encoding: str, text: str) -> bool:
    """Return whether a console of this encoding can show every letter of ``text``."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def term_lines(term: "MissingTerm", *, mark: str, rail: str) -> list[str]:
    """Return a small plot of a missing term: a line per place of its input, a mark on a rail."""
    places = range(len(term.x)) if term.categories else _spread(len(term.x))
    low, high = min(term.value), max(term.value)
    labels = [_place(term.x[i]) for i in places]
    values = [f"{term.value[i]:.3g}" for i in places]
    wide, long = max(map(len, labels)), max(map(len, values))
    unit, along_unit = (f" ({u})" if u != "1" else "" for u in (term.unit, term.along_unit))
    lines = [f"{term.parameter}{unit} along {term.along}{along_unit}"]
    for label, value, i in zip(labels, values, places, strict=True):
        share = (term.value[i] - low) / (high - low) if high > low else 0.5
        at = round(share * (_TRACK - 1))
        line = rail * at + mark + rail * (_TRACK - 1 - at)
        lines.append(f"{label:>{wide}}  {line}  {value:>{long}}")
    return lines


def _spread(count: int) -> list[int]:
    """Return up to nine places of ``count``, evenly apart, both ends among them."""
    most = min(count, _PLACES)
    return [round(i * (count - 1) / max(1, most - 1)) for i in range(most)]


def _place(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def _range(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.3g} to {high:.3g}"


def _share(weight: float) -> str:
    from labloop.report import percent  # noqa: PLC0415 - keeps labloop --help quick

    return percent(weight)
