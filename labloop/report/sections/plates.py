"""The newest plates: what stands in each well, and what came of it."""

from labloop.records import RoundRecord
from labloop.report.data import CampaignData, ExperimentData
from labloop.report.drawing import Markup, condition_text, el, join, ramp, shade
from labloop.report.sections.section import Section

TITLE = "Plates"
_SHOWN = 3


def plate_sections(data: CampaignData) -> list[Section]:
    """Return the newest plates as grids, each well shaded by the first aim's output; or nothing."""
    rounds = [r for r in data.rounds if any(p.well for p in r.proposals)]
    if not rounds:
        return []
    name = data.aims.outputs[0] if data.aims.outputs else ""
    found = {
        e.record.id: e.scalars[name].value for e in data.experiments if name and name in e.scalars
    }
    low, high = (min(found.values()), max(found.values())) if found else (0.0, 0.0)
    grids = [_grid(data, asked, found, (low, high)) for asked in reversed(rounds[-_SHOWN:])]
    unit = data.units.get(name, "1")
    legend = ramp(f"{low:.4g}", f"{high:.4g}", name if unit == "1" else f"{name} ({unit})")
    caption = (
        f"{len(rounds)} plates, the newest first; point at a well to read its conditions. "
        "C is a control, R a replicate."
    )
    body = join(legend if found else Markup(""), *grids)
    return [Section("plates", TITLE, caption, body)]


def _grid(
    data: CampaignData,
    asked: RoundRecord,
    found: dict[str, float],
    bounds: tuple[float, float],
) -> Markup:
    there = {
        e.proposal.well: e
        for e in data.experiments
        if e.record.round_index == asked.index and e.proposal is not None and e.proposal.well
    }
    plate = asked.fit_report.get("plate")
    rows, columns = (plate["rows"], plate["columns"]) if isinstance(plate, dict) else (0, 0)
    letters = list(dict.fromkeys(well.rstrip("0123456789") for well in there))
    head = el("tr", el("th", ""), [el("th", str(c + 1)) for c in range(int(columns or 0))])
    body = [
        el(
            "tr",
            el("th", letter, scope="row"),
            [
                _well(data, there.get(f"{letter}{c + 1}"), found, bounds)
                for c in range(int(columns or 0))
            ],
        )
        for letter in letters
    ]
    title = el("h3", f"Round {asked.index}: {len(there)} wells of {rows} x {columns}")
    return join(title, el("table", el("thead", head), el("tbody", body), class_="plate"))


def _well(
    data: CampaignData,
    experiment: ExperimentData | None,
    found: dict[str, float],
    bounds: tuple[float, float],
) -> Markup:
    if experiment is None or experiment.proposal is None:
        return el("td", "")
    value = found.get(experiment.record.id)
    units = {axis.name: axis.unit for axis in data.axes}
    told = ", ".join(
        f"{name} {condition_text(v, units.get(name, '1'))}" for name, v in experiment.point.items()
    )
    reason = experiment.proposal.reason
    mark = "C" if reason.startswith("control") else "R" if reason.startswith("replicate") else ""
    low, high = bounds
    part = None if value is None else (value - low) / (high - low or 1.0)
    text = mark or ("" if value is None else f"{value:.3g}")
    return el(
        "td",
        text,
        class_="num" if part is None else f"num {shade(part)}",
        title=f"{experiment.proposal.well}: {told}" + ("" if value is None else f"; {value:.4g}"),
    )
