"""Parallel coordinates: every experiment as one line through its conditions."""

from dataclasses import dataclass

from labloop.report.data import Axis, CampaignData, Trial, axis_title, number
from labloop.report.drawing import Markup, Panel, Scale, el, join, path, ramp, shade, tooltip
from labloop.report.sections.section import Section, missing_section

LONGEST_LABEL = 16


@dataclass(frozen=True, slots=True)
class _Upright:
    """One upright axis at a place of its own: a scale for numbers or rungs for categories."""

    x: float
    title: str
    scale: Scale | None
    rungs: dict[str, float]

    def pixel(self, value: float | str) -> float:
        if self.scale is None:
            return self.rungs.get(str(value), 0.0)
        return self.scale(float(value))


def parallel_section(data: CampaignData) -> Section:
    """Return the section with a line per experiment, coloured by the first aim."""
    title, trials = "Conditions and results", [t for t in data.trials if t.scores or t.lost]
    if not trials or not data.axes:
        return missing_section("conditions", title, "No experiment has ended yet.")
    caption = (
        "Each line is one experiment, from its conditions on the left to its result on the "
        "right. Bright is better; dashed grey lines gave no result; the thick line is the best."
    )
    panel = Panel(1080, 400, left=70, right=80, top=52, bottom=20)
    uprights = _uprights(data, panel)
    rank = _ranks(data)
    # Good ones are drawn last, thus on top.
    ordered = sorted(trials, key=lambda t: rank.get(t.record.number, -1.0))
    lines = [_line(data, t, uprights, rank.get(t.record.number)) for t in ordered]
    label = "conditions and results of every experiment as lines between upright axes"
    drawing = panel.svg(
        label, join(lines), join(_axis(u, panel, last=u is uprights[-1]) for u in uprights)
    )
    key = ramp("worst", "best", data.aims.items[0].words) if data.aims.items else Markup("")
    return Section("conditions", title, caption, join(key, drawing))


def _ranks(data: CampaignData) -> dict[int, float]:
    """Return experiment number -> place of its first score between worst (0) and best (1)."""
    scores = {t.record.number: t.scores[0] for t in data.trials if t.scores}
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    return {n: (s - low) / (high - low) if high > low else 1.0 for n, s in scores.items()}


def _uprights(data: CampaignData, panel: Panel) -> list[_Upright]:
    aims = list(data.aims.items)
    many = len(data.axes) + len(aims)
    x0, x1 = panel.x_range
    gap = (x1 - x0) / max(1, many - 1)
    uprights = [_of_axis(data, a, x0 + i * gap, panel) for i, a in enumerate(data.axes)]
    for i, aim in enumerate(aims, start=len(data.axes)):
        values = [t.scalars[aim.output].value for t in data.ranked]
        scale = Scale.around(values, *panel.y_range, margin=0.0)
        uprights.append(_Upright(x0 + i * gap, axis_title(aim.output, aim.unit), scale, {}))
    return uprights


def _of_axis(data: CampaignData, axis: Axis, x: float, panel: Panel) -> _Upright:
    title = axis_title(axis.name, axis.unit)
    if axis.categories:
        y0, y1 = panel.y_range
        gap = (y0 - y1) / max(1, len(axis.categories) - 1)
        rungs = {name: y0 - i * gap for i, name in enumerate(axis.categories)}
        if len(rungs) == 1:
            rungs = {axis.categories[0]: (y0 + y1) / 2}
        return _Upright(x, title, None, rungs)
    values = [float(t.point[axis.name]) for t in data.trials if axis.name in t.point]
    values += axis.bounds or ()
    return _Upright(x, title, Scale.around(values, *panel.y_range, log=axis.log, margin=0.0), {})


def _line(data: CampaignData, trial: Trial, uprights: list[_Upright], rank: float | None) -> Markup:
    values = [trial.point.get(a.name) for a in data.axes]
    values += [trial.scalars[aim.output].value if trial.scores else None for aim in data.aims.items]
    pixels = [(u.x, u.pixel(v)) for u, v in zip(uprights, values, strict=True) if v is not None]
    if not pixels:
        return Markup("")
    best = trial is data.best
    kind = "lost-line" if rank is None else f"{shade(rank)}{' is-best' if best else ''}"
    return el(
        "path",
        d=path(pixels),
        class_=f"pc {kind} e",
        data_e=trial.record.number,
        data_tip=tooltip(data, trial),
    )


def _axis(upright: _Upright, panel: Panel, *, last: bool) -> Markup:
    """Return an axis with its labels; those of the last one stand where no line runs."""
    y0, y1 = panel.y_range
    x = upright.x
    parts = [el("line", x1=x, x2=x, y1=y0, y2=y1, class_="axis")]
    parts.append(_title(upright.title, x, y1))
    if upright.scale is None:
        ticks = list(upright.rungs.items())
    else:
        scale = upright.scale
        ends = [(number(v, exact=True), scale(v)) for v in (scale.low, scale.high)]
        inner = [(label, scale(v)) for v, label in scale.ticks(5)]
        ticks = ends + [t for t in inner if all(abs(t[1] - e[1]) > 16 for e in ends)]
    for label, y in ticks:
        parts.append(el("line", x1=x - 4, x2=x, y1=y, y2=y, class_="axis"))
        parts.append(_tick(label, x + 7 if last else x - 7, y + 4, "start" if last else "end"))
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
