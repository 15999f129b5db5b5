"""Surrogate slices: what the newest model expects along each parameter, and how surely."""

from collections.abc import Sequence
from dataclasses import replace

from labloop.report.data import CampaignData, Slice, axis_title, model_slices, readable
from labloop.report.drawing import Markup, Panel, Scale, el, join, legend, path, tooltip
from labloop.report.sections.section import Section, missing_section, note

MOST_SLICES = 24
TITLE = "What the model expects"


def slices_section(data: CampaignData) -> Section:
    """Return the section with one small chart per slice that the newest model left."""
    found = model_slices(data.fit_report)
    if found is None:
        sentence = "The slices of the last round are not of the form that this report reads."
        return missing_section("model", TITLE, sentence)
    if not found:
        sentence = "No round has left slices of a model: there is none yet, or it keeps none."
        return missing_section("model", TITLE, sentence)
    caption = (
        "The newest model along one parameter at a time, the others held. A wide band is where "
        "it does not know; dots are measured values, also from places off the line."
    )
    key = legend(("k-line", "mean"), ("k-band", "90 % interval"), ("k-ring", "measured"))
    shown = [_within(data, piece) for piece in found[:MOST_SLICES]]
    charts = el("div", [_chart(data, s, _shared(data, shown, s.output)) for s in shown])
    grid = Markup(charts.replace("<div>", '<div class="grid-3">', 1))
    left = len(found) - len(shown)
    rest = note(f"{left} more slices are stored and not drawn.") if left else Markup("")
    return Section("model", TITLE, caption, join(key, grid, rest))


def _within(data: CampaignData, piece: Slice) -> Slice:
    """Return a slice that shows of its output what that can be at all."""
    if piece.output not in data.bounds:
        return piece
    low, high = data.bounds[piece.output]

    def cut(values: Sequence[float]) -> tuple[float, ...]:
        return tuple(min(max(v, low), high) for v in values)

    return replace(piece, mean=cut(piece.mean), low=cut(piece.low), high=cut(piece.high))


def _shared(data: CampaignData, shown: Sequence[Slice], output: str) -> list[float]:
    """Return what the common vertical scale of one output's slices has to hold."""
    values = [v for s in shown if s.output == output for v in (*s.low, *s.high)]
    return values + [t.scalars[output].value for t in data.ranked if output in t.scalars]


def _chart(data: CampaignData, piece: Slice, values: Sequence[float]) -> Markup:
    panel = Panel(360, 250, left=58, right=10)
    y = Scale.around(values, *panel.y_range, margin=0.04)
    titles = (
        axis_title(piece.parameter, piece.unit),
        axis_title(piece.output, data.units.get(piece.output, "1")),
    )
    if any(isinstance(v, str) for v in piece.x):
        return _categories(panel, piece, y, titles)
    places = [float(v) for v in piece.x]
    log = any(a.name == piece.parameter and a.log for a in data.axes)
    x = Scale.around(places, *panel.x_range, log=log, margin=0.0)
    upper = [(x(a), y(b)) for a, b in zip(places, piece.high, strict=True)]
    lower = [(x(a), y(b)) for a, b in zip(places, piece.low, strict=True)]
    line = [(x(a), y(b)) for a, b in zip(places, piece.mean, strict=True)]
    dots = [
        el(
            "circle",
            cx=x(float(t.point[piece.parameter])),
            cy=y(t.scalars[piece.output].value),
            r=2.6,
            class_="ring faint e",
            data_e=t.record.number,
            data_tip=tooltip(data, t),
        )
        for t in data.ranked
        if piece.output in t.scalars and not isinstance(t.point.get(piece.parameter, ""), str)
    ]
    return panel.svg(
        f"expected {readable(piece.output)} along {readable(piece.parameter)}",
        panel.axes(x, y, titles, x.ticks(4), y.ticks(5)),
        el("path", d=path([*upper, *reversed(lower)]) + "Z", class_="band"),
        join(dots),
        el("path", d=path(line), class_="mean"),
    )


def _categories(panel: Panel, piece: Slice, y: Scale, titles: tuple[str, str]) -> Markup:
    x = Scale(-0.5, len(piece.x) - 0.5, *panel.x_range)
    marks = [
        join(
            el("line", x1=x(i), x2=x(i), y1=y(low), y2=y(high), class_="bar"),
            el("circle", cx=x(i), cy=y(mean), r=4, class_="dot"),
        )
        for i, (mean, low, high) in enumerate(zip(piece.mean, piece.low, piece.high, strict=True))
    ]
    ticks = [(float(i), _short(str(name), len(piece.x))) for i, name in enumerate(piece.x)]
    return panel.svg(
        f"{titles[1]} expected for each {titles[0]}",
        panel.axes(x, y, titles, ticks, y.ticks(5)),
        join(marks),
    )


def _short(name: str, many: int) -> str:
    """Return a category's name, cut to its share of the axis."""
    room = max(4, 40 // many)
    return name if len(name) <= room else name[: room - 1] + "…"
