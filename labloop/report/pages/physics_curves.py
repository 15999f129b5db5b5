"""A picture of what a physics model expects along each parameter, before any result."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labloop.report.data import axis_title
from labloop.report.drawing import Markup, Panel, Scale, el, join, path

if TYPE_CHECKING:
    from labloop.physics import ResponseCurve

_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#454b54}.head{font-size:15px;font-weight:600}"
    ".paper{fill:#fff}.grid{stroke:#e3e6ea}.axis{stroke:#9aa1ab}"
    ".mean{fill:none;stroke:#1f6fb2;stroke-width:2}.band{fill:#1f6fb2;fill-opacity:.16}"
    ".bar{stroke:#1f6fb2;stroke-opacity:.4;stroke-width:5}.dot{fill:#1f6fb2}"
)
_PANEL = Panel(270, 220, left=60, right=12)
_HEAD = 52
_MOST_COLUMNS = 4


def write_physics_curves(model: str, curves: "Sequence[ResponseCurve]", path_of: Path) -> Path:
    """Write what a model expects along each parameter as one SVG, and return where it lies.

    A row of small charts for each output, in one vertical scale; the band is that of the priors.

    Args:
        model: its name.
        curves: of :func:`labloop.physics.response_curves`.
        path_of: where to write.

    Raises:
        OSError: it cannot be written there.
    """
    outputs = list(dict.fromkeys(curve.output for curve in curves))
    placed: list[tuple[int, int, Markup]] = []
    row = 0
    for output in outputs:
        own = [curve for curve in curves if curve.output == output]
        values = [v for curve in own for v in (*curve.low, *curve.high, *curve.median)]
        for place, curve in enumerate(own):
            column = place % _MOST_COLUMNS
            row += int(place > 0 and column == 0)
            placed.append((column, row, _chart(curve, values)))
        row += 1
    width = _PANEL.width * (1 + max((column for column, _, _ in placed), default=0))
    height = _HEAD + _PANEL.height * max(row, 1)
    drawn = el(
        "svg",
        el("style", Markup(_STYLE)),
        el("rect", width=width, height=height, class_="paper"),
        el("text", f"{model}: what it expects before any result", x=14, y=24, class_="head"),
        el("text", "others at their middle; band: 90 % of the priors", x=14, y=42),
        [
            el(
                "g",
                chart,
                transform=f"translate({c * _PANEL.width} {_HEAD + r * _PANEL.height})",
            )
            for c, r, chart in placed
        ],
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
    )
    path_of.parent.mkdir(parents=True, exist_ok=True)
    path_of.write_text(drawn + "\n", encoding="utf-8", newline="\n")
    return path_of


def _chart(curve: "ResponseCurve", values: Sequence[float]) -> Markup:
    y = Scale.around(values, *_PANEL.y_range, margin=0.04)
    titles = (
        axis_title(curve.parameter, curve.parameter_unit),
        axis_title(curve.output, curve.output_unit),
    )
    if any(isinstance(v, str) for v in curve.x):
        return _categories(curve, y, titles)
    places = [float(v) for v in curve.x]
    x = Scale.around(places, *_PANEL.x_range, log=curve.log, margin=0.0)
    upper = [(x(a), y(b)) for a, b in zip(places, curve.high, strict=True)]
    lower = [(x(a), y(b)) for a, b in zip(places, curve.low, strict=True)]
    line = [(x(a), y(b)) for a, b in zip(places, curve.median, strict=True)]
    return join(
        _PANEL.axes(x, y, titles, x.ticks(4), y.ticks(5)),
        el("path", d=path([*upper, *reversed(lower)]) + "Z", class_="band"),
        el("path", d=path(line), class_="mean"),
    )


def _categories(curve: "ResponseCurve", y: Scale, titles: tuple[str, str]) -> Markup:
    x = Scale(-0.5, len(curve.x) - 0.5, *_PANEL.x_range)
    room = max(3, 30 // len(curve.x))
    ticks = [(float(i), str(name)[:room]) for i, name in enumerate(curve.x)]
    marks = [
        join(
            el("line", x1=x(i), x2=x(i), y1=y(low), y2=y(high), class_="bar"),
            el("circle", cx=x(i), cy=y(middle), r=4, class_="dot"),
        )
        for i, (middle, low, high) in enumerate(
            zip(curve.median, curve.low, curve.high, strict=True)
        )
    ]
    return join(_PANEL.axes(x, y, titles, ticks, y.ticks(5)), join(marks))
