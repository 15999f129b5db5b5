"""The page of a physics fit: parameters, predicted against measured, residuals by condition."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labloop.report.data import axis_title, number, unit_text
from labloop.report.drawing import Markup, Panel, Scale, el, join
from labloop.report.pages.html import contents, whole_page
from labloop.report.sections import Section

if TYPE_CHECKING:
    from labloop.space import SearchSpace
    from labloop.surrogates import FittedOutput, PhysicsFit

_SMALL = Panel(360, 260, left=58, right=10)


def write_physics_fit(fit: "PhysicsFit", space: "SearchSpace", path: Path) -> Path:
    """Write a physics fit as one HTML file that opens without network, and return where it lies.

    Raises:
        OSError: ``path`` cannot be written.
    """
    sections = [_parameters(fit), _parity(fit)]
    sections += [_residuals(fit, space, output) for output in fit.outputs]
    if fit.next_points:
        sections.append(_teaching(fit, space))
    rows = len(fit.points)
    top = el(
        "header",
        el("p", "physics fitted to a table", class_="eyebrow"),
        el("h1", fit.model),
        el("p", f"{rows} rows, {len(fit.parameters)} parameters", class_="caption"),
        [el("p", doubt, class_="note") for doubt in fit.doubts],
    )
    body = el("main", top, contents(sections), [s.html() for s in sections])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(whole_page(f"{fit.model} (fit)", body), encoding="utf-8", newline="\n")
    return path


def _parameters(fit: "PhysicsFit") -> Section:
    titles = ("parameter", "value", "90 % interval", "unit", "prior", "width left")
    rows = [
        (
            p.name,
            number(p.value),
            f"{number(p.low)} to {number(p.high)}",
            unit_text(p.unit),
            number(p.before.median),
            f"{100 * p.width:.2g} %",
        )
        for p in fit.parameters
    ]
    caption = (
        "The width that is left is the standard deviation after the fit as a share of the "
        "prior's: at 100 % the table said nothing."
    )
    return Section("parameters", "Parameters", caption, _table(titles, rows))


def _teaching(fit: "PhysicsFit", space: "SearchSpace") -> Section:
    units = {feature.parameter: feature.unit for feature in space.features}
    titles = [axis_title(name, units[name]) for name in space.names]
    rows = [
        [v if isinstance(v := point[name], str) else number(v) for name in space.names]
        for point in fit.next_points
    ]
    caption = "They would narrow the parameters most, the best first."
    return Section("teaching", "Experiments that would teach most", caption, _table(titles, rows))


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    head = el("tr", [el("th", title) for title in titles])
    body = [el("tr", [el("td", cell) for cell in row]) for row in rows]
    table = el("table", el("thead", head), el("tbody", body))
    return el("div", table, class_="scroll")


def _parity(fit: "PhysicsFit") -> Section:
    caption = "Each dot is a row of the table. On the line the physics is right."
    charts = [_parity_chart(output) for output in fit.outputs]
    return Section(
        "parity", "Predicted against measured", caption, el("div", charts, class_="grid-3")
    )


def _parity_chart(output: "FittedOutput") -> Markup:
    values = [*output.measured, *output.predicted]
    x, y = (Scale.around(values, *span, margin=0.04) for span in (_SMALL.x_range, _SMALL.y_range))
    sign = f" ({unit_text(output.unit)})" if unit_text(output.unit) else ""
    frame = _SMALL.axes(x, y, (f"measured{sign}", f"predicted{sign}"), x.ticks(5), y.ticks(5))
    line = el("line", x1=x.start, y1=y.start, x2=x.stop, y2=y.stop, class_="aim")
    dots = join(_dots(output, output.measured, output.predicted, x, y))
    told = (
        f"{100 * output.explained:.4g} % of the variance explained"
        if output.explained > 0
        else "described worse than by their mean"
    )
    return el(
        "figure",
        el("h3", axis_title(output.name, output.unit)),
        _SMALL.svg(f"{output.name} predicted and measured", frame, line, dots),
        el("figcaption", told),
    )


def _residuals(fit: "PhysicsFit", space: "SearchSpace", output: "FittedOutput") -> Section:
    caption = (
        "Measured minus predicted. Where they follow a condition the physics misses something "
        "that depends on it."
    )
    charts = [
        _residual_chart(output, [float(v) for v in values], name, unit, log=log)
        for name, unit, log, values in _axes(fit, space, output)
    ]
    title = f"Residuals of {output.name}"
    return Section(f"residuals-{output.name}", title, caption, el("div", charts, class_="grid-3"))


def _axes(
    fit: "PhysicsFit", space: "SearchSpace", output: "FittedOutput"
) -> Iterator[tuple[str, str, bool, Sequence[float]]]:
    for feature in space.features:
        if feature.kind in {"linear", "log"}:
            values = [float(fit.points[row][feature.parameter]) for row in output.rows]
            yield feature.parameter, feature.unit, feature.kind == "log", values
    yield f"predicted {output.name}", output.unit, False, output.predicted


def _residual_chart(
    output: "FittedOutput", values: Sequence[float], name: str, unit: str, *, log: bool
) -> Markup:
    x = Scale.around(values, *_SMALL.x_range, log=log, margin=0.04)
    most = max((abs(r) for r in output.residuals), default=1.0) or 1.0
    y = Scale.around([-most, most], *_SMALL.y_range)
    titles = (axis_title(name, unit), axis_title("residual", output.unit))
    frame = _SMALL.axes(x, y, titles, x.ticks(5), y.ticks(5))
    zero = el("line", x1=x.start, y1=y(0.0), x2=x.stop, y2=y(0.0), class_="aim")
    dots = join(_dots(output, values, output.residuals, x, y))
    return el("figure", _SMALL.svg(f"residuals of {output.name} by {name}", frame, zero, dots))


def _dots(
    output: "FittedOutput", across: Sequence[float], up: Sequence[float], x: Scale, y: Scale
) -> Iterator[Markup]:
    for row, a, b, m in zip(output.rows, across, up, output.measured, strict=True):
        tip = f"row {row + 1}\n{output.name} {number(m)}"
        yield el("circle", cx=x(a), cy=y(b), r=4, class_="dot e", data_tip=tip)
