"""Measured curves, laid over each other: chromatograms, spectra, time courses."""

import numpy as np

from labloop.records import CurveData
from labloop.report.data import CampaignData, ExperimentData, axis_title, readable, unit_text
from labloop.report.drawing import Markup, Panel, Scale, el, join, path, ramp, shade, tooltip
from labloop.report.sections.section import Section

MOST_CURVES = 30
MOST_POINTS = 400


def curve_sections(data: CampaignData) -> list[Section]:
    """Return a section per output that is a curve; none where nothing was measured."""
    names = dict.fromkeys(name for t in data.experiments for name in t.curves)
    return [_section(data, name, i) for i, name in enumerate(names, start=1)]


def _section(data: CampaignData, name: str, index: int) -> Section:
    experiments = [t for t in data.experiments if name in t.curves]
    shown = experiments[-MOST_CURVES:]
    if data.best in experiments and data.best not in shown:
        shown = [data.best, *shown[1:]]
    which = (
        "All"
        if len(shown) == len(experiments)
        else f"The newest {len(shown)} of {len(experiments)}"
    )
    caption = (
        f"{which} measured curves, dark for early and bright for late ones; the best is thick."
    )
    first = shown[0].curves[name]
    curves = [t.curves[name] for t in shown]
    panel = Panel(1080, 320)
    ends_x = [float(v) for c in curves for v in _ends(c, "x")]
    ends_y = [float(v) for c in curves for v in _ends(c, "y")]
    x = Scale.around(ends_x, *panel.x_range, margin=0.0)
    y = Scale.around(ends_y, *panel.y_range, margin=0.04)
    sign = unit_text(first.x_unit)
    titles = sign or "axis of the curve", axis_title(name, first.y_unit)
    # The best one is drawn last, thus on top.
    order = sorted(range(len(shown)), key=lambda i: shown[i] is data.best)
    lines = [_line(data, shown[i], name, (x, y), shade(i / max(1, len(shown) - 1))) for i in order]
    drawing = panel.svg(
        f"{readable(name)} curves", panel.axes(x, y, titles, x.ticks(10), y.ticks()), join(lines)
    )
    key = ramp(str(shown[0].record.number), str(shown[-1].record.number), "experiment")
    return Section(f"curve-{index}", readable(name).capitalize(), caption, join(key, drawing))


def _ends(curve: CurveData, side: str) -> list[float]:
    values = getattr(curve, side)
    return [values.min(), values.max()] if len(values) else []


def _line(
    data: CampaignData,
    experiment: ExperimentData,
    name: str,
    scales: tuple[Scale, Scale],
    colour: str,
) -> Markup:
    curve, (x, y) = experiment.curves[name], scales
    pixels = [(x(float(curve.x[i])), y(float(curve.y[i]))) for i in thinned(curve)]
    if not pixels:
        return Markup("")
    best = " is-best" if experiment is data.best else ""
    return el(
        "path",
        d=path(pixels),
        class_=f"curve {colour}{best} e",
        data_e=experiment.record.number,
        data_tip=tooltip(data, experiment),
    )


def thinned(curve: CurveData) -> list[int]:
    """Return the indices to draw: of each bin the lowest and the highest, so no peak is lost."""
    many = len(curve.y)
    if many <= MOST_POINTS:
        return list(range(many))
    kept: set[int] = {0, many - 1}
    for part in np.array_split(np.arange(many), MOST_POINTS // 2):
        values = curve.y[part]
        kept |= {int(part[int(values.argmin())]), int(part[int(values.argmax())])}
    return sorted(kept)
