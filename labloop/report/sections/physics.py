"""What the physics has learned: which counts, its constants with units, what it is missing."""

from collections.abc import Sequence

from labloop.report.data import (
    CampaignData,
    LearnedConstant,
    interval,
    learned_constants,
    model_weights,
    number,
    readable,
    unit_text,
)
from labloop.report.drawing import Markup, Scale, el, join, legend
from labloop.report.sections.missing_physics import missing_part
from labloop.report.sections.section import Section, missing_section, note
from labloop.report.text import campaign_alarms, describe_member, describe_support, percent

TITLE = "What the physics has learned"
WIDTH, HEIGHT = 420, 26


def physics_section(data: CampaignData) -> Section:
    """Return the section: what counts, the learned constants, what the physics is missing."""
    constants = learned_constants(data.fit_report)
    if constants is None:
        sentence = "The constants of the last round are not of the form that this report reads."
        return missing_section("physics", TITLE, sentence)
    members, competing = model_weights(data.fit_report), model_weights(data.fit_report, "physics")
    if not constants and not members:
        sentence = "This campaign's model has no physics, or has not been fitted yet."
        return missing_section("physics", TITLE, sentence)
    parts: list[Markup] = [note(describe_support(data.fit_report))]
    if len(competing) > 1:
        parts += [el("h3", "Weight of each competing physics"), _shares(competing)]
    if constants:
        key = legend(("k-prior", "before"), ("k-post", "now"))
        whose = "Constants of the physics that counts most" if len(competing) > 1 else "Constants"
        parts += [el("h3", whose), key, _table(constants)]
    if members:
        parts += [
            el("h3", "Weight of each model in the mixture"),
            _shares({describe_member(n, competing): w for n, w in members.items()}),
        ]
    parts.append(missing_part(data, campaign_alarms(data)))
    caption = (
        "Grey is what was believed before the first experiment, blue what the data say (90 % "
        "interval). Blue as wide as grey means: nothing was learned about it."
    )
    return Section("physics", TITLE, caption, join(parts))


def _table(constants: Sequence[LearnedConstant]) -> Markup:
    head = el("tr", [el("th", t) for t in ("constant", "now", "90 % interval", "unit", "")])
    rows = [
        el(
            "tr",
            el("th", readable(c.name), scope="row"),
            el("td", number(c.mean), class_="num"),
            el("td", interval(c.low, c.high), class_="num"),
            el("td", unit_text(c.unit)),
            el("td", _strip(c), class_="strip"),
        )
        for c in constants
    ]
    table = el("table", el("thead", head), el("tbody", rows), class_="constants")
    return el("div", table, class_="scroll")


def _strip(constant: LearnedConstant) -> Markup:
    """Return one line: the believed range, the interval in it, the mean as a tick."""
    ends = [constant.low, constant.high, constant.mean]
    prior = [v for v in (constant.prior_low, constant.prior_high) if v is not None]
    every = ends + prior
    # A range over more than two decades was meant as a range of exponents.
    log = min(every) > 0 and max(every) / min(every) > 100
    x = Scale.around(every, 4, WIDTH - 4, log=log, margin=0.03)
    parts = []
    if len(prior) == 2:
        parts.append(_bar("prior", x(min(prior)), x(max(prior)), 14))
    parts.append(_bar("post", x(constant.low), x(constant.high), 8))
    at = x(constant.mean)
    parts.append(el("line", x1=at, x2=at, y1=4, y2=HEIGHT - 4, class_="tickmark"))
    label = f"{readable(constant.name)}: {interval(constant.low, constant.high)}"
    box = f"0 0 {WIDTH} {HEIGHT}"
    return el(
        "svg",
        parts,
        viewBox=box,
        preserveAspectRatio="xMaxYMid",
        role="img",
        aria_label=label,
        class_="strip",
    )


def _bar(kind: str, start: float, stop: float, height: float) -> Markup:
    top = (HEIGHT - height) / 2
    width = max(2.0, stop - start)
    return el("rect", x=start, y=top, width=width, height=height, rx=3, class_=kind)


def _shares(shares: dict[str, float]) -> Markup:
    rows = [
        el(
            "tr",
            el("th", readable(name), scope="row"),
            el("td", percent(share), class_="num"),
            el(
                "td",
                el(
                    "svg",
                    _bar("prior", 4, WIDTH - 4, 12),
                    _bar("post", 4, 4 + max(0.0, min(1.0, share)) * (WIDTH - 8), 12),
                    viewBox=f"0 0 {WIDTH} {HEIGHT}",
                    class_="strip",
                    preserveAspectRatio="xMaxYMid",
                    role="img",
                    aria_label=f"{name} {100 * share:.0f} percent",
                ),
                class_="strip",
            ),
        )
        for name, share in shares.items()
    ]
    return el("div", el("table", el("tbody", rows), class_="constants"), class_="scroll")
