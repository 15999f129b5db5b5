"""A running campaign in short: one page of Markdown, and a line for each thing that happened.

For windows that render Markdown and keep a log. Each look reads the database; outputs of
experiments that ended are read once.
"""

import base64
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from labloop.records import (
    AlarmRecord,
    CampaignState,
    ExperimentState,
    OutputValue,
    Repositories,
    RoundRecord,
    Severity,
)
from labloop.report.data import (
    WITHOUT_RESULT,
    Axis,
    CampaignData,
    ExperimentData,
    axis_title,
    counted,
    number,
    read_campaign,
    read_schedule,
    readable,
    unit_text,
    with_unit,
)
from labloop.report.pages.svg import picture
from labloop.report.text import (
    AlarmBell,
    Best,
    CampaignSummary,
    came_true,
    forecast_words,
    paragraph,
    schedule_lines,
    summarise,
)

ROWS = 20
"""So many experiments stand in the page's table."""
MOST_LINES = 20
"""Beyond, what happened between two looks is told in one line of each kind."""
News = tuple[int, str]
"""A level of the module ``logging``, and a line."""
_LEVELS = {
    Severity.INFO: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.ERROR: logging.ERROR,
    Severity.CRITICAL: logging.CRITICAL,
}
_ENDED = WITHOUT_RESULT | {ExperimentState.DONE}
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#!~])")


class Brief:
    """Looks at one campaign again and again; what is there at the beginning is no news."""

    def __init__(self, repositories: Repositories, campaign_id: str) -> None:
        self._repositories = repositories
        self._campaign_id = campaign_id
        self._outputs: dict[str, Mapping[str, OutputValue]] = {}
        rows = repositories.experiments.all(campaign_id)
        self._ended = {(row.id, row.state) for row in rows if row.state in _ENDED}
        self._rounds = {row.round_index for row in rows if row.round_index is not None}
        self._bell = AlarmBell()
        self._bell.ring(repositories.alarms.all(campaign_id))
        self._state: CampaignState | None = None
        self._data: CampaignData | None = None

    def look(self) -> list[News]:
        """Read where the campaign stands and return what has happened since the last look."""
        data = self._data = read_campaign(self._repositories, self._campaign_id, self._outputs)
        state = list(self._new_state(data))
        between = [
            *self._new_rounds(data.rounds),
            *self._newly_ended(data),
            *self._new_alarms(data.alarms),
        ]
        begins = data.record.state is CampaignState.RUNNING
        return [*state, *between] if begins else [*between, *state]

    def page(self, *, doing: str = "", question: str = "", report: str = "") -> str:
        """Return what the last look found as Markdown.

        Args:
            doing: what goes on right now, in words.
            question: what waits for a person; empty where nothing does.
            report: where the whole report is, in Markdown.
        """
        data = self._data
        if data is None:
            return ""
        found = summarise(data)
        parts = [
            f"# {_text(found.name)} ({found.mode.value}): {found.state.value}",
            *_loud(data),
            f"> **Waits for you:** {_text(question)}" if question else "",
            _text(found.reason) if found.state is not CampaignState.RUNNING else _text(doing),
            "\n".join(f"- experiment {n} {_text(why)}" for n, why in found.waits.items()),
            _use(found),
            f"{_text(found.kept)}." if found.kept else "",
            report,
            *_best(data, found.best),
            *_picture(data),
            *self._schedule(data),
            *_alarms(found),
            *_learned(data),
            *_newest(data),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _schedule(self, data: CampaignData) -> Iterator[str]:
        """Yield the newest forecast, with what has happened since, as bars of letters."""
        if not data.forecasts:
            return
        schedule = read_schedule(self._repositories, data)
        if schedule is None:
            return
        yield "## Planned and happened"
        newest = data.forecasts[-1]
        told = [f"Forecast {forecast_words(newest)}", came_true(data, newest)]
        yield _text("; ".join(part for part in told if part) + ".")
        lines = list(schedule_lines(schedule))[: 2 * ROWS]
        yield "\n".join(["```text", *lines, "```"])

    def _new_rounds(self, rounds: Sequence[RoundRecord]) -> Iterator[News]:
        new = [r for r in rounds if r.index not in self._rounds]
        self._rounds |= {r.index for r in new}
        if len(new) > MOST_LINES:
            many = counted(sum(len(r.proposals) for r in new), "experiment")
            yield logging.INFO, f"rounds {new[0].index} to {new[-1].index}: {many} proposed"
            return
        for each in new:
            many = counted(len(each.proposals), "experiment")
            first = each.proposals[0] if each.proposals else None
            why = f" by {first.strategy}: {first.reason}" if first else ""
            yield logging.INFO, f"round {each.index}: {many} proposed{why}"

    def _newly_ended(self, data: CampaignData) -> Iterator[News]:
        new = [
            t
            for t in data.experiments
            if t.record.state in _ENDED and (t.record.id, t.record.state) not in self._ended
        ]
        self._ended |= {(t.record.id, t.record.state) for t in new}
        if len(new) > MOST_LINES:
            states = Counter(t.record.state.value for t in new)
            told = ", ".join(f"{many} {state}" for state, many in states.items())
            first, last = new[0].record.number, new[-1].record.number
            yield logging.INFO, f"experiments {first} to {last}: {told}"
            return
        for experiment in new:
            lost = experiment.record.state is not ExperimentState.DONE
            yield logging.WARNING if lost else logging.INFO, _ended(data, experiment)

    def _new_alarms(self, alarms: Sequence[AlarmRecord]) -> Iterator[News]:
        told = self._bell.ring(alarms)
        for record in told[:MOST_LINES]:
            kind, message = record.alarm.kind, record.alarm.message
            yield _LEVELS[record.alarm.severity], f"alarm {kind}: {message}"
        if len(told) > MOST_LINES:
            yield logging.WARNING, f"{len(told) - MOST_LINES} further alarms"

    def _new_state(self, data: CampaignData) -> Iterator[News]:
        record = data.record
        if record.state is self._state:
            return
        self._state = record.state
        level = logging.ERROR if record.state is CampaignState.FAILED else logging.INFO
        reason = record.reason if record.reason != record.state.value else ""
        yield level, f"{record.name}: {record.state.value}{f': {reason}' if reason else ''}"


def _ended(data: CampaignData, experiment: ExperimentData) -> str:
    record = experiment.record
    parts = [
        f"{readable(name)} {with_unit(value.value, value.unit, 4)}"
        for name, value in experiment.scalars.items()
    ]
    units = {axis.name: axis.unit for axis in data.axes}
    at = ", ".join(
        f"{readable(name)} {with_unit(value, units.get(name, '1'), 4)}"
        for name, value in record.point.items()
    )
    what = ", ".join(parts) or record.reason
    return f"experiment {record.number} {record.state.value}: {what} (at {at})"


def _text(text: str) -> str:
    """Return a text of anybody's as Markdown that shows it as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _loud(data: CampaignData) -> Iterator[str]:
    """Yield what a person has to look at before anything else, each once."""
    told = (a for a in data.alarms if a.is_open)
    for message, same in groupby(sorted(told, key=_message), key=_message):
        yield f"> **LOOK AT THE LAB: {_text(message)}** ({counted(len(list(same)), 'time')})"


def _message(record: AlarmRecord) -> str:
    return record.alarm.message


def _use(found: CampaignSummary) -> str:
    told = [f"**{found.done} done**"]
    told += [
        f"{many} {state.value}"
        for state, many in found.experiments.items()
        if many and state is not ExperimentState.DONE
    ]
    for use in found.budget:
        if use.limit is not None and use.used is not None:
            told.append(f"{use.name}: {number(use.used)} of {number(use.limit, exact=True)}")
    if found.last_round is not None:
        told.append(f"round {found.last_round}")
    return " · ".join(told)


def _best(data: CampaignData, best: Best | None) -> Iterator[str]:
    if best is None:
        return
    yield f"## Best so far: experiment {best.number}"
    rows = [(readable(n), number(v.value, 4), unit_text(v.unit)) for n, v in best.values.items()]
    if best.interval is not None:
        low, high = (number(end, 4) for end in best.interval)
        rows.append((f"90 % interval, {best.interval_from}", f"{low} to {high}", rows[0][2]))
    rows += [
        (readable(a.name), _cell(best.point.get(a.name)), unit_text(a.unit)) for a in data.axes
    ]
    yield _table(("", "value", "unit"), rows)


def _picture(data: CampaignData) -> Iterator[str]:
    drawn = picture(data)
    if drawn is not None:
        inside = base64.b64encode(drawn.encode()).decode()
        yield f"![the way to the best result](data:image/svg+xml;base64,{inside})"


def _alarms(found: CampaignSummary) -> Iterator[str]:
    if found.alarms:
        yield "## Alarms"
        # The newest first, here as everywhere on this page.
        yield "\n".join(f"- {_text(told)}" for told in found.alarms[: -ROWS - 1 : -1])


def _learned(data: CampaignData) -> Iterator[str]:
    told = paragraph(data.fit_report, ())
    if told:
        yield "## What the model has learned"
        yield _text(told)


def _newest(data: CampaignData) -> Iterator[str]:
    begun = [t for t in data.experiments if t.record.state is not ExperimentState.PLANNED]
    if not begun:
        return
    shown = begun[: -ROWS - 1 : -1]
    yield "## Experiments, the newest first"
    head = ["no.", "state", *(axis_title(name, unit) for name, unit in data.units.items())]
    head += [axis_title(axis.name, axis.unit) for axis in data.axes]
    yield _table(head, [_row(data.units, data.axes, experiment) for experiment in shown])
    if len(begun) > len(shown):
        yield f"and {len(begun) - len(shown)} before them"


def _row(units: Iterable[str], axes: Sequence[Axis], experiment: ExperimentData) -> list[str]:
    record = experiment.record
    return [
        str(record.number),
        record.state.value,
        *(_cell(experiment.scalars[n].value if n in experiment.scalars else None) for n in units),
        *(_cell(record.point.get(axis.name)) for axis in axes),
    ]


def _cell(value: float | str | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else number(value, 4)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell if line is lines[1] else _text(cell) for cell in line) + " |"
        for line in lines
    )
