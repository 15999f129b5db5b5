"""A campaign as one value: for a notebook or a script that goes on with its results."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labloop.errors import LabloopError
from labloop.records import CampaignState, PointValue, Repositories
from labloop.report.data import (
    CampaignData,
    ExperimentData,
    aligned_numbers,
    read_campaign,
    unit_text,
)
from labloop.report.drawing import Markup, el, join
from labloop.report.sections import convergence_section, table
from labloop.report.text import summarise

if TYPE_CHECKING:
    import pandas as pd

Cell = PointValue | None
"""A number in its declared unit, a name, or None where there is none."""


@dataclass(frozen=True)
class CampaignResult(Sequence[Mapping[str, Cell]]):
    """What a campaign has measured: a row for each experiment, in the order of their numbers.

    A row maps ``experiment``, ``state``, every parameter and every scalar output to its value,
    and ``feasible`` to ``"yes"`` or ``"no"`` where there are thresholds or outcome constraints.
    """

    name: str
    state: CampaignState
    reason: str
    database: str
    """What ``--db`` takes to look at it from the command line."""
    rows: tuple[Mapping[str, Cell], ...]
    units: Mapping[str, str]
    """Parameter or output -> the unit that its numbers are in; ``"1"`` for none."""
    best: Mapping[str, Cell] | None
    """The row of the best result (with several aims the best compromise); None without one."""
    alarms: tuple[str, ...]
    """Each alarm in words, repeated ones once."""
    drawing: str = ""
    """How the best result came about, as HTML with an SVG in it."""

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __iter__(self) -> Iterator[Mapping[str, Cell]]:
        return iter(self.rows)

    def to_pandas(self) -> "pd.DataFrame":
        """Return the rows as a DataFrame; ``attrs["units"]`` holds the units.

        Raises:
            LabloopError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - no part of what labloop needs
        except ModuleNotFoundError as error:
            raise LabloopError(
                "a DataFrame needs pandas, which is not installed: pip install pandas; the rows "
                "are there without it"
            ) from error
        made = pd.DataFrame([dict(row) for row in self.rows])
        made.attrs["units"] = dict(self.units)
        return made

    def __repr__(self) -> str:
        lines = [f"{self.name} {self.state.value}: {self.reason}"]
        if self.best:
            values = ", ".join(f"{k} {_text(v)}" for k, v in self.best.items() if k != "state")
            lines.append(f"best: {values}")
        head = [_title(name, self.units) for name in _columns(self.rows)]
        body = [[_text(row.get(name)) for name in _columns(self.rows)] for row in self.rows]
        return "\n".join([*lines, *_aligned([head, *body])])

    def _repr_html_(self) -> str:
        names = _columns(self.rows)
        lines = [el("p", el("b", self.name), f" {self.state.value}: {self.reason}")]
        lines += [el("p", f"alarm: {alarm}") for alarm in self.alarms]
        head = [_title(name, self.units) for name in names]
        shown = [self._cells(name) for name in names]
        rows = [
            el("tr", list(cells), style="font-weight:600" if row is self.best else None)
            for row, *cells in zip(self.rows, *shown, strict=True)
        ]
        return str(join([*lines, Markup(self.drawing), table(head, rows)]))

    def _cells(self, name: str) -> list[Markup]:
        values = [row.get(name) for row in self.rows]
        numbers = [float(v) for v in values if isinstance(v, (int, float))]
        texts = iter(
            aligned_numbers(numbers) if name != "experiment" else [f"{n:.0f}" for n in numbers]
        )
        return [
            el("td", next(texts) if isinstance(value, (int, float)) else value or "")
            for value in values
        ]


def result(repositories: Repositories, campaign_id: str) -> CampaignResult:
    """Return what a campaign has measured; reads the database only.

    Raises:
        NotFoundError: no campaign has this id.
    """
    data = read_campaign(repositories, campaign_id)
    summary = summarise(data)
    rows = {experiment.record.number: _row(data, experiment) for experiment in data.experiments}
    best = summary.best_experiment
    return CampaignResult(
        name=summary.name,
        state=summary.state,
        reason=summary.reason,
        database=repositories.typed or repositories.url,
        rows=tuple(rows.values()),
        units={axis.name: axis.unit for axis in data.axes} | dict(data.units),
        best=None if best is None else rows[best],
        alarms=summary.alarms,
        drawing=_drawing(data),
    )


def _row(data: CampaignData, experiment: ExperimentData) -> dict[str, Cell]:
    record = experiment.record
    row: dict[str, Cell] = {"experiment": record.number, "state": record.state.value}
    row |= {axis.name: experiment.point.get(axis.name) for axis in data.axes}
    values = {name: experiment.scalars.get(name) for name in data.units}
    row |= {name: None if found is None else found.value for name, found in values.items()}
    if data.aims.demands:
        row["feasible"] = (
            None if experiment.scores is None else "yes" if experiment.feasible else "no"
        )
    return row


_STYLE = """
.labloop-result svg.chart{max-width:760px;height:auto}
.labloop-result .on-phone{display:none}
.labloop-result svg text{font:13px sans-serif;fill:#5d6871}
.labloop-result .grid{stroke:#e3e4df}.labloop-result .axis{stroke:#8d969d}
.labloop-result .aim{stroke:#8d969d;stroke-dasharray:5 4}
.labloop-result .best-line{fill:none;stroke:#0072b2;stroke-width:2}
.labloop-result .front-line{fill:none;stroke:#5d6871}.labloop-result .legend{display:none}
.labloop-result .dot{fill:#0072b2}.labloop-result .ring{fill:#fff;stroke:#0072b2}
.labloop-result .lost{fill:none;stroke:#d55e00}.labloop-result .whisker{stroke:#0072b2}
"""


def _drawing(data: CampaignData) -> str:
    """Return the way to the best result as a drawing with a style of its own."""
    section = convergence_section(data)
    if not section.there:
        return ""
    return el("div", el("style", Markup(_STYLE)), section.body, class_="labloop-result")


def _columns(rows: Sequence[Mapping[str, Cell]]) -> list[str]:
    return list(rows[0]) if rows else []


def _title(name: str, units: Mapping[str, str]) -> str:
    unit = unit_text(units.get(name, "1"))
    return f"{name} ({unit})" if unit else name


def _text(value: Cell) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table with their columns under each other."""
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
