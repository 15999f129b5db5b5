"""Predicted against measured: how many results lay within the intervals predicted beforehand."""

from dataclasses import dataclass

from labloop.records import Prediction
from labloop.report.data import (
    CampaignData,
    ExperimentData,
    axis_title,
    interval,
    number,
    readable,
    unit_text,
)
from labloop.report.drawing import Markup, Panel, Scale, el, join, legend, tooltip
from labloop.report.sections.section import Section, missing_section

TITLE = "Predicted against measured"


@dataclass(frozen=True, slots=True)
class _Pair:
    experiment: ExperimentData
    said: Prediction
    measured: float

    @property
    def inside(self) -> bool:
        return self.said.low <= self.measured <= self.said.high


def calibration_section(data: CampaignData) -> Section:
    """Return the section that compares predictions made beforehand with what came."""
    found = {name: _pairs(data, name) for name in data.units}
    shown = {name: pairs for name, pairs in found.items() if pairs}
    narrow = len(shown) > 2
    panel = Panel(360, 290, left=58, right=10) if narrow else Panel(540, 400)
    charts = [_chart(data, name, pairs, panel) for name, pairs in shown.items()]
    if not charts:
        sentence = "No experiment that a model predicted beforehand has a result yet."
        return missing_section("calibration", TITLE, sentence)
    caption = (
        "Each bar is the 90 % interval that was stored before the experiment began. Of good "
        "intervals nine in ten cross the diagonal; orange ones missed."
    )
    key = legend(("k-dot", "inside its interval"), ("k-miss", "outside"))
    return Section(
        "calibration",
        TITLE,
        caption,
        join(key, el("div", charts, class_="grid-3" if narrow else "grid-2")),
    )


def coverage(data: CampaignData, output: str) -> tuple[int, int]:
    """Return how many measured values lay in their 90 % interval, and how many there are."""
    pairs = _pairs(data, output)
    return sum(p.inside for p in pairs), len(pairs)


def _pairs(data: CampaignData, output: str) -> list[_Pair]:
    return [
        _Pair(t, t.proposal.predicted[output], t.scalars[output].value)
        for t in data.ranked
        if t.proposal and output in t.proposal.predicted and output in t.scalars
    ]


def _chart(data: CampaignData, output: str, pairs: list[_Pair], panel: Panel) -> Markup:
    unit = data.units[output]
    values = [v for p in pairs for v in (p.said.low, p.said.high, p.measured)]
    x, y = (Scale.around(values, *span, margin=0.04) for span in (panel.x_range, panel.y_range))
    sign = f" ({unit_text(unit)})" if unit_text(unit) else ""
    frame = panel.axes(x, y, (f"measured{sign}", f"predicted{sign}"), x.ticks(5), y.ticks(5))
    diagonal = el("line", x1=x.start, y1=y.start, x2=x.stop, y2=y.stop, class_="aim")
    inside, many = coverage(data, output)
    title = el("h3", axis_title(output, unit))
    share = f"{inside} of {many} ({100 * inside / many:.0f} %) lie inside their 90 % interval"
    return el(
        "figure",
        title,
        panel.svg(
            f"{readable(output)} predicted and measured",
            frame,
            diagonal,
            join(_mark(data, p, x, y) for p in pairs),
        ),
        el("figcaption", share),
    )


def _mark(data: CampaignData, pair: _Pair, x: Scale, y: Scale) -> Markup:
    at = x(pair.measured)
    kind = "" if pair.inside else " miss"
    predicted = f"{number(pair.said.mean)}, {interval(pair.said.low, pair.said.high)}"
    lines = f"{tooltip(data, pair.experiment)}\npredicted {predicted}"
    bar = el("line", x1=at, x2=at, y1=y(pair.said.low), y2=y(pair.said.high), class_=f"bar{kind}")
    dot = el(
        "circle",
        cx=at,
        cy=y(pair.said.mean),
        r=4,
        class_=f"dot{kind} e",
        data_e=pair.experiment.record.number,
        data_tip=lines,
    )
    return join(bar, dot)
