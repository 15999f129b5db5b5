"""Where the uncertainty of the last proposals came from: stacked bars, one a proposal."""

from collections.abc import Iterator

from labloop.report.data import (
    CampaignData,
    UncertaintyParts,
    axis_title,
    model_weights,
    number,
    uncertainty_parts,
)
from labloop.report.drawing import Markup, el, join, legend
from labloop.report.sections.section import Section, missing_section
from labloop.report.text import describe_sources, source_shares

TITLE = "Where the uncertainty comes from"
MOST = 8
"""Proposals that are shown, the newest."""
_SEEN = 0.01
"""Share of the variance from which on a part has a key."""
_WIDTH, _HEIGHT = 420, 26
_PARTS = ("noise", "parameters", "discrepancy", "between")
_WORDS = {
    "noise": "noise of a repeat",
    "parameters": "the physics' constants",
    "discrepancy": "what the physics misses",
    "between": "disagreement of the models",
}


def uncertainty_section(data: CampaignData) -> Section:
    """Return the section with the parts of the uncertainty of the last proposals."""
    found = list(_newest(data))[:MOST]
    if not found:
        sentence = "No model has told yet where the uncertainty of its proposals comes from."
        return missing_section("uncertainty", TITLE, sentence)
    aims = [aim.output for aim in data.aims.items]
    outputs = list(dict.fromkeys(name for _, parts in found for name in parts))
    shown = [name for name in outputs if name in aims] or outputs
    physics = bool(model_weights(data.fit_report, "physics"))
    source = describe_sources(source_shares(found[0][1]), physics=physics)
    caption = (
        "The length of a bar is the standard deviation that was expected of one measurement; its "
        f"colours share the variance. The newest proposal is at the top: {source}."
    )
    names = _WORDS if physics else _WORDS | {"discrepancy": "what the results leave open"}
    used = [
        n for n in _PARTS if any(p.shares[n] > _SEEN for _, parts in found for p in parts.values())
    ]
    key = legend(*((f"k-u u-{name}", names[name]) for name in used))
    tables = [_table(data, name, found, titles=len(shown) > 1) for name in shown]
    return Section("uncertainty", TITLE, caption, join(key, tables))


def _newest(data: CampaignData) -> Iterator[tuple[str, dict[str, UncertaintyParts]]]:
    """Yield what a proposal is called and its parts, the newest first."""
    numbers = {
        (t.record.round_index, t.record.proposal_index): t.record.number for t in data.experiments
    }
    for asked in reversed(data.rounds):
        for i, parts in reversed(list(enumerate(uncertainty_parts(asked.fit_report)))):
            made = numbers.get((asked.index, i))
            called = f"proposal {i + 1} of round {asked.index}"
            yield called if made is None else f"experiment {made}", parts


def _table(
    data: CampaignData,
    name: str,
    found: list[tuple[str, dict[str, UncertaintyParts]]],
    *,
    titles: bool,
) -> Markup:
    longest = max((parts[name].sd for _, parts in found if name in parts), default=0.0) or 1.0
    rows = [
        el(
            "tr",
            el("th", called, scope="row"),
            el("td", f"± {number(parts[name].sd, 2)}", class_="num"),
            el("td", _bar(called, parts[name], longest), class_="strip"),
        )
        for called, parts in found
        if name in parts
    ]
    head = el("h3", axis_title(name, data.units.get(name, "1"))) if titles else Markup("")
    table = el("table", el("tbody", rows), class_="constants parts")
    return join(head, el("div", table, class_="scroll"))


def _bar(called: str, parts: UncertaintyParts, longest: float) -> Markup:
    """Return one stacked bar; its length is the standard deviation, its parts the variance's."""
    whole = max(2.0, (_WIDTH - 8) * parts.sd / longest)
    at, drawn, labels = 4.0, [], []
    for name in _PARTS:
        width = whole * parts.shares[name]
        if width < 0.3:
            continue
        drawn.append(el("rect", x=at, y=6, width=width, height=_HEIGHT - 12, class_=f"u-{name}"))
        labels.append(f"{_WORDS[name]} {100 * parts.shares[name]:.0f} %")
        at += width
    return el(
        "svg",
        drawn,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="xMaxYMid",
        role="img",
        aria_label=f"{called}: {', '.join(labels)}",
        data_tip="\n".join([called, *labels]),
        class_="strip",
    )
