"""What the physics is missing, drawn: the constant that seems to vary, along what it follows."""

import math
from collections.abc import Sequence

from labloop.report.data import (
    CampaignData,
    LearnedConstant,
    MissingTerm,
    axis_title,
    learned_constants,
    number,
    readable,
)
from labloop.report.drawing import Markup, Panel, Scale, el, join, legend, path
from labloop.report.sections.section import note
from labloop.report.text import AlarmGroup, describe_missing, describe_term, relevant_terms

_DECADE = 10
_ROOM = 1.0
"""How far the chart may go beyond the term on each side, as a share of the term's own range."""
_THICK = 0.5
"""Room for a category's bar, as a share of its place."""


def missing_part(data: CampaignData, alarms: Sequence[AlarmGroup]) -> Markup:
    """Return the words and charts of what the physics is missing; nothing without physics."""
    sentence = describe_missing(data.fit_report, [d.kind for d in alarms if d.in_force])
    if not sentence:
        return Markup("")
    head = el("h3", "What it is missing")
    found = relevant_terms(data.fit_report)
    if not found:
        return join(head, note(sentence))
    believed = {c.name: c for c in learned_constants(data.fit_report) or ()}
    key = legend(
        ("k-line", "what the results want"),
        ("k-aim", "its general level"),
        ("k-prior", "believed before"),
        ("k-rug", "where experiments are"),
    )
    figures = [_figure(data, term, believed.get(term.parameter)) for term in found]
    return join(head, note(sentence), key, el("div", figures, class_="grid-2"))


def _figure(data: CampaignData, term: MissingTerm, constant: LearnedConstant | None) -> Markup:
    label = f"{readable(term.parameter)} along {readable(term.along)}"
    chart = _bars(term, constant, label) if term.categories else _line(data, term, constant, label)
    return el("figure", chart, el("figcaption", describe_term(term)))


def _line(
    data: CampaignData, term: MissingTerm, constant: LearnedConstant | None, label: str
) -> Markup:
    panel = Panel(480, 260)
    y = _vertical(panel, term, constant)
    # Rounded, so that an end that is 4.999999999 has its tick.
    places = [float(f"{float(v):.9g}") for v in term.x]
    log = any(a.name == term.along and a.log for a in data.axes)
    x = Scale.around(places, *panel.x_range, log=log, margin=0.0)
    line = [(x(a), y(b)) for a, b in zip(places, term.value, strict=True)]
    seen = [t.point.get(term.along) for t in data.ranked]
    bottom = panel.y_range[0]
    rug = [
        el("line", x1=x(at), x2=x(at), y1=bottom - 7, y2=bottom, class_="rug")
        for at in sorted({float(v) for v in seen if v is not None and not isinstance(v, str)})
    ]
    return panel.svg(
        label,
        _believed(panel, y, constant),
        panel.axes(x, y, _titles(term), x.ticks(5), y.ticks(5)),
        join(rug),
        el("path", d=path(line), class_="mean"),
    )


def _bars(term: MissingTerm, constant: LearnedConstant | None, label: str) -> Markup:
    panel = Panel(480, 260)
    y = _vertical(panel, term, constant)
    x = Scale(-0.5, len(term.x) - 0.5, *panel.x_range)
    half = _THICK * (x(1) - x(0)) / 2
    middle = y(constant.mean) if constant else panel.y_range[0]
    marks = [
        join(
            el(
                "rect",
                x=x(i) - half,
                y=min(y(value), middle),
                width=2 * half,
                height=max(1.5, abs(y(value) - middle)),
                class_="act",
            ),
            el(
                "text",
                number(value),
                x=x(i),
                y=y(value) + (-6 if y(value) <= middle else 15),
                text_anchor="middle",
                class_="tick",
            ),
        )
        for i, value in enumerate(term.value)
    ]
    ticks = [(float(i), _short(str(name), len(term.x))) for i, name in enumerate(term.x)]
    return panel.svg(
        label,
        _believed(panel, y, constant),
        panel.axes(x, y, _titles(term), ticks, y.ticks(5)),
        join(marks),
    )


def _vertical(panel: Panel, term: MissingTerm, constant: LearnedConstant | None) -> Scale:
    """Return a scale that holds the term, and of what was believed as much as keeps it legible."""
    every = list(term.value)
    if constant is None:
        return Scale.around(every, *panel.y_range)
    ends = [v for v in (constant.prior_low, constant.prior_high) if v is not None]
    every.append(constant.mean)
    log = min(every + ends) > 0 and max(every + ends) > _DECADE * min(every + ends)
    there, back = (math.log, math.exp) if log else (float, float)
    low, high = there(min(every)), there(max(every))
    room = _ROOM * (high - low)
    # The band goes on beyond the chart where it is much wider than what is drawn in it.
    shown = [back(min(max(there(v), low - room), high + room)) for v in ends]
    return Scale.around([*every, *shown], *panel.y_range, log=log)


def _believed(panel: Panel, y: Scale, constant: LearnedConstant | None) -> Markup:
    """Return the band of the prior and the line of one constant for everywhere."""
    if constant is None:
        return Markup("")
    left, right = panel.x_range
    parts = []
    if constant.prior_low is not None and constant.prior_high is not None:
        top, bottom = sorted((y(constant.prior_low), y(constant.prior_high)))
        parts.append(
            el("rect", x=left, y=top, width=right - left, height=bottom - top, class_="believed")
        )
    at = y(constant.mean)
    parts.append(el("line", x1=left, x2=right, y1=at, y2=at, class_="aim"))
    return join(parts)


def _titles(term: MissingTerm) -> tuple[str, str]:
    return axis_title(term.along, term.along_unit), axis_title(term.parameter, term.unit)


def _short(name: str, many: int) -> str:
    """Return a category's name, cut to its share of the axis."""
    room = max(4, 52 // many)
    return name if len(name) <= room else name[: room - 1] + "…"
