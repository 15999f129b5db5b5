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


def header(data: CampaignData, summary: CampaignSummary) -> Markup:
    """Return name, badges, tiles and the best result."""
    wish = " and ".join(summary.aims)
    kept = f", with {summary.demands}" if summary.demands else ""
    return el(
        "header",
        [
            el("p", el("b", headline), class_="not-safe", role="alert")
            for headline in summary.headlines
        ],
        el("p", "labloop campaign", class_="eyebrow"),
        el("h1", summary.name, _badges(summary)),
        el("p", f"Wanted: {wish}{kept}." if wish else "No objective is stored.", class_="wish"),
        el("p", f"Persons ask for {'; '.join(summary.wishes)}.", class_="wish")
        if summary.wishes
        else "",
        el("p", summary.reason, class_="reason") if summary.reason else "",
        [
            el("p", f"Experiment {number} {words}.", class_="wish")
            for number, words in summary.waits.items()
        ],
        el("div", _tiles(summary), class_="tiles"),
        _best(data, summary),
    )


def _badges(summary: CampaignSummary) -> Markup:
    real = summary.mode is Mode.REAL
    return join(
        el("span", summary.mode.value, class_=f"badge {'real' if real else 'simulated'}"),
        el("span", summary.state.value, class_=f"badge state-{summary.state.value}"),
    )


def _tiles(summary: CampaignSummary) -> list[Markup]:
    tiles = [_budget_tile(use) for use in summary.budget if use.limit is not None or use.used]
    bad = [f"{summary.experiments[s]} {s}" for s in _BAD if summary.experiments[s]]
    under_way = [
        f"{summary.experiments[s]} {s}"
        for s in (ExperimentState.RUNNING, ExperimentState.AWAITING, ExperimentState.PLANNED)
        if summary.experiments[s]
    ]
    done = summary.experiments[ExperimentState.DONE]
    tiles.append(_tile(str(done), "done", ", ".join([*bad, *under_way]) or "none failed"))
    alarms = len(summary.alarms)
    last = "no round yet" if summary.last_round is None else f"last round {summary.last_round}"
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
        # Cost is counted by the campaign's own function while it runs, and is not stored.
        return _tile(limit, f"limit {_UNITS[use.name]}", "what was spent is not stored")
    part = min(1.0, use.used / use.limit)
    meter = el("i", el("i", style=f"width:{100 * part:.1f}%"), class_="meter")
    text = f"of {limit} in the budget"
    return el(
        "div", el("b", shown), el("span", _UNITS[use.name]), el("small", text), meter, class_="tile"
    )


def _best(data: CampaignData, summary: CampaignSummary) -> Markup:
    best = summary.best
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
    several = _several(summary)
    return el(
        "div",
        el(
            "div",
            el("p", title, class_="eyebrow"),
            el("p", with_unit(value.value, value.unit), class_="big"),
            el("p", f"{readable(first.output)}, experiment {best.number}"),
            _interval(best, value.unit),
            el("p", best.remark, class_="note") if best.remark else Markup(""),
            el("p", f"{summary.kept}.", class_="note") if summary.kept else Markup(""),
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
    label = "90 % interval" if best.interval_from == "measured" else "90 % interval predicted"
    return el("p", f"{label}: {text}", class_="note")


def _several(summary: CampaignSummary) -> Markup:
    if not summary.front:
        return Markup("")
    volume = (
        f", hypervolume {number(summary.hypervolume)}" if summary.hypervolume is not None else ""
    )
    return el("p", f"{counted(len(summary.front), 'result')} on the front{volume}", class_="note")
