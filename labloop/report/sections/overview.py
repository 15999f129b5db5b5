"""The top of the page: what was wanted, where it stands, what is the best so far."""

from labloop.records import ExperimentState, Mode
from labloop.report.data import (
    CampaignData,
    counted,
    duration,
    interval,
    number,
    readable,
    unit_text,
    with_unit,
)
from labloop.report.drawing import Markup, condition_text, el, join, scalar_text
from labloop.report.text import Best, BudgetUse, CampaignSummary

_UNITS = {"experiments": "experiments", "hours": "hours of lab time", "cost": "of cost"}
_BAD = (ExperimentState.FAILED, ExperimentState.UNCERTAIN, ExperimentState.ABANDONED)


def header(data: CampaignData, stand: CampaignSummary) -> Markup:
    """Return name, badges, tiles and the best result."""
    wish = " and ".join(stand.aims)
    kept = f", with {stand.demands}" if stand.demands else ""
    return el(
        "header",
        [
            el("p", el("b", "NOT SAFE: "), told, class_="not-safe", role="alert")
            for told in stand.not_safe
        ],
        el("p", "labloop campaign", class_="eyebrow"),
        el("h1", stand.name, _badges(stand)),
        el("p", f"Wanted: {wish}{kept}." if wish else "No objective is stored.", class_="wish"),
        el("p", stand.reason, class_="reason") if stand.reason else "",
        el("div", _tiles(stand), class_="tiles"),
        _best(data, stand),
    )


def _badges(stand: CampaignSummary) -> Markup:
    real = stand.mode is Mode.REAL
    return join(
        el("span", stand.mode.value, class_=f"badge {'real' if real else 'simulated'}"),
        el("span", stand.state.value, class_=f"badge state-{stand.state.value}"),
    )


def _tiles(stand: CampaignSummary) -> list[Markup]:
    tiles = [_budget_tile(use) for use in stand.budget if use.limit is not None or use.used]
    bad = [f"{stand.experiments[s]} {s}" for s in _BAD if stand.experiments[s]]
    under_way = [
        f"{stand.experiments[s]} {s}"
        for s in (ExperimentState.RUNNING, ExperimentState.AWAITING, ExperimentState.PLANNED)
        if stand.experiments[s]
    ]
    done = stand.experiments[ExperimentState.DONE]
    tiles.append(_tile(str(done), "done", ", ".join([*bad, *under_way]) or "none failed"))
    alarms = len(stand.alarms)
    last = "no round yet" if stand.last_round is None else f"last round {stand.last_round}"
    tiles.append(_tile(str(alarms), "alarm" if alarms == 1 else "alarms", last))
    return tiles


def _tile(value: str, label: str, below: str) -> Markup:
    return el("div", el("b", value), el("span", label), el("small", below), class_="tile")


def _budget_tile(use: BudgetUse) -> Markup:
    shown = number(use.used, 3) if use.used is not None else "—"
    if use.limit is None and use.name == "hours" and use.used is not None:
        return _tile(duration(3600 * use.used), "of lab time", "no limit set")
    if use.limit is None:
        return _tile(shown, _UNITS[use.name], "no limit set")
    limit = number(use.limit, 4)
    if use.used is None:
        return _tile(limit, _UNITS[use.name], "is the limit; counted by the campaign's own code")
    part = min(1.0, use.used / use.limit)
    meter = el("i", el("i", style=f"width:{100 * part:.1f}%"), class_="meter")
    text = f"of {limit} in the budget"
    return el(
        "div", el("b", shown), el("span", _UNITS[use.name]), el("small", text), meter, class_="tile"
    )


def _best(data: CampaignData, stand: CampaignSummary) -> Markup:
    best = stand.best
    if best is None:
        return el("div", el("p", _nothing(data), class_="note"), class_="best")
    first = data.aims.items[0]
    value = best.values[first.output]
    title = "Best so far" if len(data.aims) == 1 else "Best compromise so far"
    units = {axis.name: axis.unit for axis in data.axes}
    conditions = [
        el("div", el("dt", readable(n)), el("dd", condition_text(v, units.get(n, "1"))))
        for n, v in best.point.items()
    ]
    others = [
        el("div", el("dt", readable(name)), el("dd", scalar_text(value)))
        for name, value in list(best.values.items())[1:]
    ]
    several = _several(stand)
    return el(
        "div",
        el(
            "div",
            el("p", title, class_="eyebrow"),
            el("p", with_unit(value.value, value.unit), class_="big"),
            el("p", f"{readable(first.output)}, experiment {best.number}"),
            _interval(best, value.unit),
            el("p", best.remark, class_="note") if best.remark else Markup(""),
            el("p", f"{stand.kept}.", class_="note") if stand.kept else Markup(""),
            several,
            class_="best-value",
        ),
        el("dl", conditions, others, class_="conditions"),
        class_="best e",
        data_e=best.number,
    )


def _nothing(data: CampaignData) -> str:
    if not data.ranked:
        return "No experiment has a result yet."
    return f"No result has {data.aims.demands} yet."


def _interval(best: Best, unit: str) -> Markup:
    if best.interval is None:
        return Markup("")
    text = f"{interval(*best.interval)} {unit_text(unit)}".strip()
    said = "90 % interval" if best.interval_from == "measured" else "90 % interval predicted"
    return el("p", f"{said}: {text}", class_="note")


def _several(stand: CampaignSummary) -> Markup:
    if not stand.front:
        return Markup("")
    volume = f", hypervolume {number(stand.hypervolume)}" if stand.hypervolume is not None else ""
    return el("p", f"{counted(len(stand.front), 'result')} on the front{volume}", class_="note")
