"""The way to the best result as one picture that stands alone: SVG with its own colours."""

from collections.abc import Sequence

from labloop.report.data import CampaignData, ExperimentData, axis_title
from labloop.report.drawing import Markup, Panel, Scale, cross, el, join, path, steps, whole_ticks
from labloop.report.text import convergence_points, pareto_front

_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#454b54}.paper{fill:#fff}.grid{stroke:#e3e6ea}"
    ".axis{stroke:#9aa1ab}.line{fill:none;stroke:#1f6fb2;stroke-width:2.2}"
    ".dot{fill:#1f6fb2;fill-opacity:.75}.lost{fill:none;stroke:#c8611a;stroke-width:2}"
)
_MOST_MARKS = 400
"""Beyond, only so many experiments have a mark; the line is drawn of all."""
_SIZE = (820.0, 300.0)


def picture(data: CampaignData) -> str | None:
    """Return the best result so far over the experiments, with two aims their trade-off, as SVG.

    None where no experiment has a result yet.
    """
    if not data.ranked or not data.aims.items:
        return None
    panel = Panel(*_SIZE)
    inside = _trade_off(data, panel) if len(data.aims) > 1 else _staircase(data, panel)
    width, height = _SIZE
    return el(
        "svg",
        el("style", Markup(_STYLE)),
        el("rect", width=width, height=height, rx=6, class_="paper"),
        inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=width,
        height=height,
    )


def _staircase(data: CampaignData, panel: Panel) -> Markup:
    aim, points = data.aims.items[0], convergence_points(data)
    x = Scale(0.5, max(points[-1].number, 5) + 0.5, *panel.x_range)
    y = Scale.around([p.values[aim.output] for p in points if p.values], *panel.y_range)
    known = [(x(p.number), y(p.best[aim.output])) for p in points if p.best]
    titles = ("experiment", axis_title(aim.output, aim.unit))
    return join(
        panel.axes(x, y, titles, whole_ticks(1, points[-1].number, 12), y.ticks()),
        el("path", d=steps(known, x(points[-1].number)), class_="line"),
        [_mark(experiment, aim.output, x, y) for experiment in _some(data.experiments)],
    )


def _mark(experiment: ExperimentData, output: str, x: Scale, y: Scale) -> Markup:
    at = x(experiment.record.number)
    if experiment.lost:
        return el("path", d=cross(at, y.start - 8), class_="lost")
    if experiment.scores is None:
        return Markup("")
    return el("circle", cx=at, cy=y(experiment.scalars[output].value), r=3.5, class_="dot")


def _trade_off(data: CampaignData, panel: Panel) -> Markup:
    first, second = data.aims.items[:2]
    front = pareto_front(data)
    ends = {
        aim.output: [t.scalars[aim.output].value for t in data.ranked] for aim in (first, second)
    }
    x = Scale.around(ends[first.output], *panel.x_range)
    y = Scale.around(ends[second.output], *panel.y_range)

    def place(experiment: ExperimentData) -> tuple[float, float]:
        return x(experiment.scalars[first.output].value), y(experiment.scalars[second.output].value)

    marks = [
        el("circle", cx=a, cy=b, r=3.5, class_="dot") for a, b in map(place, _some(data.ranked))
    ]
    # With three aims a front seen along one of them is no line.
    line = sorted(map(place, front)) if len(data.aims) == 2 else []
    titles = axis_title(first.output, first.unit), axis_title(second.output, second.unit)
    return join(
        panel.axes(x, y, titles, x.ticks(), y.ticks()),
        el("path", d=path(line), class_="line") if len(line) > 1 else Markup(""),
        marks,
    )


def _some(experiments: Sequence[ExperimentData]) -> Sequence[ExperimentData]:
    """Return at most so many experiments as can be told apart, the newest always."""
    step = -(-len(experiments) // _MOST_MARKS)
    return experiments if step <= 1 else experiments[::-step]
