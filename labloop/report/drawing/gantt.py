"""A Gantt chart of stations and devices: what was planned above, what happened below."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from labloop.report.data import Schedule, StationUse, duration, readable
from labloop.report.drawing.charts import Panel
from labloop.report.drawing.markup import Markup, el, join
from labloop.report.drawing.scales import Scale, time_unit

_ROWS = 40
"""Beyond so many stations and devices no chart can be read."""
_GAP = 0.8
"""Pixels: what lies closer together is drawn as one."""
_NUMBERED = 9.0
"""Pixels that a letter of a number needs."""


def gantt(schedule: Schedule) -> Markup:
    """Return the chart of a schedule; what is beyond 40 rows is left out, and told."""
    names = schedule.names[:_ROWS]
    both = schedule.forecast is not None
    row = 36.0 if both else 26.0
    panel = Panel(1080, row * len(names) + 62, left=130, right=16, top=8)
    end = max(1.0, schedule.end)
    seconds, unit = time_unit(end)
    x = Scale(0.0, end, *panel.x_range)
    ticking = Scale(0.0, end / seconds, *panel.x_range)
    y = Scale(0, max(1, len(names)), panel.y_range[1], panel.y_range[0])
    frame = panel.axes(ticking, y, (f"lab time ({unit})", ""), ticking.ticks(10), [])
    parts: list[Markup] = []
    for number, name in enumerate(names):
        top = y(number)
        parts.append(_name(panel, name, top, row))
        if both:
            planned = _merged([u for u in schedule.planned if u.name == name], x)
            parts += [_bar(use, x, top + 4, 11, "plan") for use in planned]
        happened = _merged([u for u in schedule.happened if u.name == name], x)
        parts += [_bar(use, x, top + (17 if both else 4), 16, "did") for use in happened]
    label = "what was planned and what happened on each station and device"
    told = _left_out(len(schedule.names) - len(names))
    return join(panel.svg(label, frame, _expected(schedule, x, y), join(parts)), told)


def _name(panel: Panel, name: str, top: float, row: float) -> Markup:
    line = el("line", x1=panel.left, x2=panel.x_range[1], y1=top, y2=top, class_="grid")
    label = el(
        "text",
        readable(name)[:18],
        x=panel.left - 10,
        y=top + row / 2 + 4,
        class_="tick",
        text_anchor="end",
    )
    return join(line, label)


def _expected(schedule: Schedule, x: Scale, y: Scale) -> Markup:
    """Return the moment of the forecast, and the interval of its end."""
    forecast = schedule.forecast
    if forecast is None:
        return Markup("")
    low, high = (x(forecast.lab_time + 3600 * h) for h in (forecast.low, forecast.high))
    height = abs(y.stop - y.start)
    ends = el(
        "rect",
        x=low,
        y=min(y.start, y.stop),
        width=max(2.0, high - low),
        height=height,
        class_="expected",
        data_tip="forecast: the end lies here with 90 %",
    )
    if not forecast.lab_time:
        return ends
    at = x(forecast.lab_time)
    return join(ends, el("line", x1=at, x2=at, y1=y.start, y2=y.stop, class_="opening"))


def _merged(uses: Iterable[StationUse], x: Callable[[float], float]) -> list[StationUse]:
    """Return uses, those that cannot be told apart as one; what is held comes first."""
    made: list[StationUse] = []
    latest: dict[bool, int] = {}
    for use in sorted(uses, key=lambda each: each.start):
        at = latest.get(use.held)
        if at is not None and _cannot_be_told_apart(made[at], use, x):
            last = made[at]
            same = last.number == use.number
            made[at] = replace(
                last, end=max(last.end, use.end), number=last.number if same else None
            )
            continue
        latest[use.held] = len(made)
        made.append(use)
    return sorted(made, key=lambda each: not each.held)


def _cannot_be_told_apart(
    first: StationUse, second: StationUse, x: Callable[[float], float]
) -> bool:
    near = x(second.start) - x(first.end) < _GAP
    short = min(x(first.end) - x(first.start), x(second.end) - x(second.start)) < 3
    return near and (short or not first.held)


def _bar(use: StationUse, x: Scale, top: float, height: float, kind: str) -> Markup:
    width = max(1.0, x(use.end) - x(use.start))
    who = f", experiment {use.number}" if use.number is not None else ""
    what = "held" if use.held else "acts"
    planned = "planned: " if kind == "plan" else ""
    rect = el(
        "rect",
        x=x(use.start),
        y=top if use.held else top + height / 4,
        width=width,
        height=height if use.held else height / 2,
        class_=f"{kind}-{'held' if use.held else 'act'} e",
        data_e=use.number,
        data_tip=f"{readable(use.name)}{who}\n{planned}{what} for {duration(use.end - use.start)}",
    )
    text = "" if use.number is None else str(use.number)
    if not use.held or not text or width < _NUMBERED * len(text) + 4:
        return rect
    label = el("text", text, x=x(use.start) + 4, y=top + height - 4, class_="in-bar")
    return join(rect, label)


def _left_out(many: int) -> Markup:
    if many <= 0:
        return Markup("")
    return el("p", f"{many} further stations and devices are left out of the chart.", class_="note")
