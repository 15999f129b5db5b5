"""Parallel coordinates: every experiment as one line through its conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from labloop.report.data import Axis, CampaignData, ExperimentData, axis_title, number
from labloop.report.drawing import (
    Markup,
    Panel,
    Scale,
    desk_and_phone,
    el,
    join,
    path,
    ramp,
    shade,
    tooltip,
)
from labloop.report.sections.section import Section, missing_section

LONGEST_LABEL = 16
_Ranks: TypeAlias = Mapping[int, float]
"""Experiment number -> place of its first score between worst (0) and best (1)."""
DESK = Panel(1080, 400, left=70, right=80, top=52, bottom=20)
PHONE_WIDTH, PHONE_ROW = 400, 78
"""On a phone the axes lie, one below the other, each in a row of this height."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis at a place of its own: a scale for numbers or rungs for categories."""

    place: float
    """Where it stands across the axes, in pixels."""
    title: str
    scale: Scale | None
    rungs: dict[str, float]

    def pixel(self, value: float | str) -> float:
        """Return where a value lies along the axis."""
        if self.scale is None:
            return self.rungs.get(str(value), 0.0)
        return self.scale(float(value))

    def ticks(self, most: int, gap: float) -> list[tuple[str, float]]:
        """Return label and pixel of both ends, and of round numbers ``gap`` pixels from them."""
        if self.scale is None:
            return list(self.rungs.items())
        scale = self.scale
        ends = [(number(v, exact=True), scale(v)) for v in (scale.low, scale.high)]
        inner = [(label, scale(v)) for v, label in scale.ticks(most)]
        return ends + [t for t in inner if all(abs(t[1] - e[1]) > gap for e in ends)]


def parallel_section(data: CampaignData) -> Section:
    """Return the section with a line per experiment, coloured by the first aim."""
    title = "Conditions and results"
    experiments = [t for t in data.experiments if t.scores or t.lost]
    if not experiments or not data.axes:
        return missing_section("conditions", title, "No experiment has ended yet.")
    caption = (
        "Each line is one experiment, from its conditions on the first axes to its result on the "
        "last. Bright is better; dashed grey lines gave no result; the thick line is the best."
    )
    rank = _ranks(data)
    # Good ones are drawn last, thus on top.
    ordered = sorted(experiments, key=lambda t: rank.get(t.record.number, -1.0))
    key = ramp("worst", "best", data.aims.items[0].words) if data.aims.items else Markup("")
    drawings = desk_and_phone(_desk(data, ordered, rank), _phone(data, ordered, rank))
    return Section("conditions", title, caption, join(key, drawings))


_LABEL = "conditions and results of every experiment as lines between parallel axes"


def _desk(data: CampaignData, ordered: Sequence[ExperimentData], rank: _Ranks) -> Markup:
    """Return the drawing with upright axes, side by side."""
    axes = _axes(data, DESK.x_range, DESK.y_range)
    lines = [_line(data, t, axes, rank, upright=True) for t in ordered]
    drawn = [_upright(axis, last=axis is axes[-1]) for axis in axes]
    return DESK.svg(_LABEL, join(lines), join(drawn))


def _phone(data: CampaignData, ordered: Sequence[ExperimentData], rank: _Ranks) -> Markup:
    """Return the drawing with lying axes, one below the other."""
    many = len(data.axes) + len(data.aims)
    panel = Panel(PHONE_WIDTH, PHONE_ROW * many, left=24, right=24, top=34, bottom=34)
    axes = _axes(data, panel.y_range[::-1], panel.x_range)
    lines = [_line(data, t, axes, rank, upright=False) for t in ordered]
    return panel.svg(_LABEL, join(lines), join(_lying(axis, panel) for axis in axes))


def _ranks(data: CampaignData) -> dict[int, float]:
    """Return experiment number -> place of its first score between worst (0) and best (1)."""
    scores = {t.record.number: t.scores[0] for t in data.experiments if t.scores}
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    return {n: (s - low) / (high - low) if high > low else 1.0 for n, s in scores.items()}


def _axes(
    data: CampaignData, across: tuple[float, float], along: tuple[float, float]
) -> list[_Axis]:
    """Return the axes, evenly apart between the ends of ``across``, drawn between ``along``."""
    aims = list(data.aims.items)
    gap = (across[1] - across[0]) / max(1, len(data.axes) + len(aims) - 1)
    axes = [_of_condition(data, a, across[0] + i * gap, along) for i, a in enumerate(data.axes)]
    for i, aim in enumerate(aims, start=len(data.axes)):
        values = [t.scalars[aim.output].value for t in data.ranked]
        scale = Scale.around(values, *along, margin=0.0)
        axes.append(_Axis(across[0] + i * gap, axis_title(aim.output, aim.unit), scale, {}))
    return axes


def _of_condition(
    data: CampaignData, axis: Axis, place: float, along: tuple[float, float]
) -> _Axis:
    title = axis_title(axis.name, axis.unit)
    if axis.categories:
        start, stop = along
        gap = (stop - start) / max(1, len(axis.categories) - 1)
        rungs = {name: start + i * gap for i, name in enumerate(axis.categories)}
        if len(rungs) == 1:
            rungs = {axis.categories[0]: (start + stop) / 2}
        return _Axis(place, title, None, rungs)
    values = [float(t.point[axis.name]) for t in data.experiments if axis.name in t.point]
    values += axis.bounds or ()
    return _Axis(place, title, Scale.around(values, *along, log=axis.log, margin=0.0), {})


def _line(
    data: CampaignData,
    experiment: ExperimentData,
    axes: list[_Axis],
    rank: _Ranks,
    *,
    upright: bool,
) -> Markup:
    values = [experiment.point.get(a.name) for a in data.axes]
    values += [
        experiment.scalars[aim.output].value if experiment.scores else None
        for aim in data.aims.items
    ]
    pixels = [(a.place, a.pixel(v)) for a, v in zip(axes, values, strict=True) if v is not None]
    if not pixels:
        return Markup("")
    part = rank.get(experiment.record.number)
    best = experiment is data.best
    kind = "lost-line" if part is None else f"{shade(part)}{' is-best' if best else ''}"
    return el(
        "path",
        d=path(pixels if upright else [(along, across) for across, along in pixels]),
        class_=f"pc {kind} e",
        data_e=experiment.record.number,
        data_tip=tooltip(data, experiment),
    )


def _upright(axis: _Axis, *, last: bool) -> Markup:
    """Return an upright axis with its labels; those of the last stand where no line runs."""
    y0, y1 = DESK.y_range
    x = axis.place
    parts = [el("line", x1=x, x2=x, y1=y0, y2=y1, class_="axis"), _title(axis.title, x, y1)]
    for label, y in axis.ticks(5, 16):
        parts.append(el("line", x1=x - 4, x2=x, y1=y, y2=y, class_="axis"))
        parts.append(_tick(label, x + 7 if last else x - 7, y + 4, "start" if last else "end"))
    return join(parts)


def _lying(axis: _Axis, panel: Panel) -> Markup:
    """Return a lying axis: its title above, its labels below."""
    x0, x1 = panel.x_range
    y = axis.place
    parts = [el("line", x1=x0, x2=x1, y1=y, y2=y, class_="axis")]
    parts.append(el("text", axis.title, x=x0, y=y - 10, class_="title halo", text_anchor="start"))
    ticks = axis.ticks(4, 60)
    for i, (label, x) in enumerate(ticks):
        parts.append(el("line", x1=x, x2=x, y1=y, y2=y + 4, class_="axis"))
        crowded = axis.scale is None and (x1 - x0) / max(1, len(ticks)) < 8 * LONGEST_LABEL
        low = 15 if crowded and i % 2 else 0
        anchor = "start" if x <= x0 + 1 else "end" if x >= x1 - 1 else "middle"
        parts.append(_tick(label, x, y + 18 + low, anchor))
    return join(parts)


def _title(title: str, x: float, top: float) -> Markup:
    """Return an axis title, broken into two lines where it is long."""
    first, _, rest = title.partition(" (") if len(title) > LONGEST_LABEL else (title, "", "")
    lines = [first, f"({rest}"] if rest else [first]
    shown = [el("tspan", line, x=x, dy=0 if i == 0 else 15) for i, line in enumerate(lines)]
    return el(
        "text", shown, x=x, y=top - 12 - 15 * (len(lines) - 1), class_="title", text_anchor="middle"
    )


def _tick(label: str, x: float, y: float, anchor: str) -> Markup:
    """Return a label beside an axis; a long one is cut, and shown whole when pointed at."""
    cut = len(label) > LONGEST_LABEL
    shown = label[: LONGEST_LABEL - 1] + "…" if cut else label
    whole = el("title", label) if cut else Markup("")
    return el("text", shown, whole, x=x, y=y, class_="tick halo", text_anchor=anchor)
