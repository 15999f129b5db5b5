"""The way to the best result: one staircase for one aim, a front and its volume for several."""

import itertools
from collections.abc import Sequence

from labloop.report.data import Aim, CampaignData, ExperimentData, axis_title, number, readable
from labloop.report.drawing import (
    Markup,
    Panel,
    Scale,
    cross,
    desk_and_phone,
    el,
    join,
    legend,
    measured_by_model,
    path,
    ramp,
    shade,
    steps,
    tooltip,
    whole_ticks,
)
from labloop.report.sections.section import Section, missing_section, note
from labloop.report.text import ConvergencePoint, convergence_points, pareto_front


def convergence_section(data: CampaignData) -> Section:
    """Return the section that shows how the best result came about."""
    if len(data.aims) > 1:
        return _several(data)
    points = convergence_points(data)
    title = "Convergence"
    if not points or not data.aims.items:
        return missing_section("convergence", title, "No experiment has ended yet.")
    caption = (
        "The line is the best result so far; filled points were asked for by a model, open ones "
        "by a starting design or a person; crosses on the floor gave no result."
    )
    aim = data.aims.items[0]
    drawings = desk_and_phone(
        _staircase(data, points, aim, Panel(1080, 360), 12),
        _staircase(data, points, aim, Panel(400, 300), 6),
    )
    return Section("convergence", title, caption, join(_KEY, drawings))


_KEY = legend(
    ("k-line", "best so far"),
    ("k-dot", "asked for by a model"),
    ("k-ring", "starting design or a person"),
    ("k-cross", "no result"),
)


def _staircase(
    data: CampaignData, points: Sequence[ConvergencePoint], aim: Aim, panel: Panel, most: int
) -> Markup:
    """Return the drawing, with at most about ``most`` ticks on the axis of experiments."""
    values = [p.values[aim.output] for p in points if p.values]
    extra = [aim.value] if aim.value is not None else []
    x = Scale(0.5, max(points[-1].number, 5) + 0.5, *panel.x_range)
    y = Scale.around([*values, *extra], *panel.y_range, margin=0.09)
    parts = [
        panel.axes(
            x,
            y,
            ("experiment", axis_title(aim.output, aim.unit)),
            whole_ticks(1, points[-1].number, most),
            y.ticks(),
        )
    ]
    if aim.value is not None:
        at = y(aim.value)
        parts.append(el("line", x1=x.start, x2=x.stop, y1=at, y2=at, class_="aim"))
    known = [(x(p.number), y(p.best[aim.output])) for p in points if p.best]
    if known:
        parts.append(el("path", d=steps(known, x(points[-1].number)), class_="best-line"))
    marks = [_mark(data, t, aim, x, y) for t in data.experiments]
    label = f"{readable(aim.output)} of each experiment and the best so far"
    return panel.svg(label, join(parts), join(marks))


def _mark(data: CampaignData, experiment: ExperimentData, aim: Aim, x: Scale, y: Scale) -> Markup:
    at = x(experiment.record.number)
    known: dict[str, str | float | None] = {
        "data_e": experiment.record.number,
        "data_tip": tooltip(data, experiment),
    }
    if experiment.lost:
        return el("path", d=cross(at, y.start - 8), class_="lost e", **known)
    if experiment.scores is None:
        return Markup("")
    value = experiment.scalars[aim.output]
    kind = "dot" if measured_by_model(experiment) else "ring"
    mark = el(
        "circle",
        cx=at,
        cy=y(value.value),
        r=4.5 if len(data.experiments) < 150 else 2.6,
        class_=f"{kind} e",
        **known,
    )
    if value.sd is None:
        return mark
    half = 1.645 * value.sd
    ends = {"y1": y(value.value - half), "y2": y(value.value + half)}
    return join(el("line", x1=at, x2=at, class_="whisker", **ends), mark)


def _several(data: CampaignData) -> Section:
    title = "Trade-off between the aims"
    ranked = data.ranked
    if not ranked:
        return missing_section("convergence", title, "No experiment has a result yet.")
    worth = f", of those with {data.aims.demands}," if data.aims.demands else ""
    caption = (
        f"Ringed points{worth} are beaten by none in every aim; colour runs from the first "
        "experiment (dark) to the last (bright). Below: the volume that the results dominate."
    )
    best = {id(experiment) for experiment in pareto_front(data)}
    pairs = list(itertools.combinations(range(len(data.aims)), 2))[:6]
    if len(pairs) == 1:
        (pair,) = pairs
        grid = desk_and_phone(
            _pair(data, ranked, best, pair, Panel(1080, 420)),
            _pair(data, ranked, best, pair, Panel(400, 340)),
        )
    else:
        panel = Panel(360, 300, left=58, right=10)
        charts = [_pair(data, ranked, best, pair, panel) for pair in pairs]
        grid = el("div", charts, class_="grid-3")
    key = join(
        legend(("k-front", "on the front")),
        ramp("1", str(data.experiments[-1].record.number), "experiment"),
    )
    return Section("convergence", title, caption, join(key, grid, _volume(data)))


def _pair(
    data: CampaignData,
    ranked: Sequence[ExperimentData],
    best: set[int],
    pair: tuple[int, int],
    panel: Panel,
) -> Markup:
    first, second = (data.aims.items[i] for i in pair)
    xs = [t.scalars[first.output].value for t in ranked]
    ys = [t.scalars[second.output].value for t in ranked]
    x, y = Scale.around(xs, *panel.x_range), Scale.around(ys, *panel.y_range)
    titles = axis_title(first.output, first.unit), axis_title(second.output, second.unit)
    last = max(1, data.experiments[-1].record.number - 1)
    marks = [
        el(
            "circle",
            cx=x(a),
            cy=y(b),
            r=5.5 if id(t) in best else 4,
            class_=f"{shade((t.record.number - 1) / last)} e{' on-front' if id(t) in best else ''}",
            data_e=t.record.number,
            data_tip=tooltip(data, t),
        )
        for t, a, b in zip(ranked, xs, ys, strict=True)
    ]
    line = sorted((x(a), y(b)) for t, a, b in zip(ranked, xs, ys, strict=True) if id(t) in best)
    # With three aims a front seen along one of them is no line.
    drawn = len(data.aims) == 2 and len(line) > 1
    curve = el("path", d=path(line), class_="front-line") if drawn else Markup("")
    label = f"{titles[1]} against {titles[0]} of every result"
    frame = panel.axes(x, y, titles, x.ticks(5), y.ticks(5))
    return panel.svg(label, frame, curve, join(marks))


def _volume(data: CampaignData) -> Markup:
    known = [
        (p.number, p.hypervolume) for p in convergence_points(data) if p.hypervolume is not None
    ]
    if not known:
        return note("The hypervolume is counted for two to four aims.")
    return desk_and_phone(
        _volume_chart(known, Panel(1080, 240), 12), _volume_chart(known, Panel(400, 240), 6)
    )


def _volume_chart(known: Sequence[tuple[int, float]], panel: Panel, most: int) -> Markup:
    """Return the drawing, with at most about ``most`` ticks on the axis of experiments."""
    x = Scale(0.5, max(known[-1][0], 5) + 0.5, *panel.x_range)
    y = Scale.around([0.0, *(v for _, v in known)], *panel.y_range)
    line = [(x(n), y(v)) for n, v in known]
    return panel.svg(
        f"hypervolume, now {number(known[-1][1])}",
        panel.axes(
            x, y, ("experiment", "hypervolume"), whole_ticks(1, known[-1][0], most), y.ticks(4)
        ),
        el("path", d=steps(line, line[-1][0]), class_="best-line"),
    )
