"""The pictures of the page, with the scales and axes of the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from campaigns import Example, Run

from labloop.objectives import Minimize
from labloop.records import CurveData
from labloop.report.data.numbers import axis_title, number, unit_text
from labloop.report.drawing.charts import Panel, path, steps
from labloop.report.drawing.markup import Markup, el, join
from labloop.report.drawing.scales import Scale, whole_ticks

WIDTH, GAP, TOP, HEIGHT, LOW, ROW = 500, 20, 52, 300, 240, 34
AXES = {"nm": ("wavelength", "reflectance"), "min": ("time", "product")}
STYLE = """
text{fill:#5d6871;font:13px system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
.head{fill:#1c2227;font-size:15px;font-weight:600}.title,.name{fill:#1c2227}
.grid{stroke:#ececE8}.axis{stroke:#8d969d}.aim{stroke:#1c2227;stroke-dasharray:5 4}
path{fill:none;stroke-linejoin:round;stroke-width:1.3}.thick{stroke-width:3}.thin{opacity:.45}
.with{stroke:#0072b2}.without{stroke:#d55e00}.s0{stroke:#0072b2}.s1{stroke:#00795a}
.s2{stroke:#a4508b}.bar{stroke-width:4;stroke-linecap:round}.dot{stroke:none}.f0{fill:#0072b2}
.f1{fill:#00795a}.f2{fill:#a4508b}.believed{fill:#9aa2a8;opacity:.25}.true{stroke:#1c2227;stroke-width:2}
.k{stroke-width:3}.k2{stroke-width:1.8}.dash{stroke-dasharray:4 4}
"""


@dataclass(frozen=True)
class Part:
    """One drawing of a picture: heading, entries of its legend, what is drawn, and its size."""

    head: str
    legend: Sequence[tuple[str, str]]
    body: Markup
    height: float = HEIGHT
    wide: bool = False


def picture(label: str, parts: Sequence[Part]) -> str:
    """Return a whole SVG file: parts two by two, wide ones on a line of their own."""
    drawn, y, column = [], 12.0, 0
    for part in parts:
        if part.wide and column:
            y, column = y + TOP + HEIGHT, 0
        x = 12.0 + column * (WIDTH + GAP)
        head = el("text", part.head, x=x, y=y + 18, class_="head")
        key = _legend(part.legend, x, y + 40)
        inner = el("g", part.body, transform=f"translate({x:.0f} {y + TOP:.0f})")
        drawn.append(join(head, key, inner))
        column += 1
        if part.wide or column == 2:
            y, column = y + TOP + part.height + 8, 0
    width, height = 2 * WIDTH + GAP + 24, y + (TOP + HEIGHT if column else 0) + 4
    paper = el("rect", width=width, height=height, rx=10, fill="#fff")
    return el(
        "svg",
        el("style", Markup(STYLE)),
        paper,
        drawn,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        role="img",
        aria_label=label,
    )


def _legend(entries: Sequence[tuple[str, str]], x: float, y: float) -> Markup:
    drawn = []
    for kind, told in entries:
        if kind == "believed":
            drawn.append(el("rect", x=x, y=y - 9, width=22, height=9, class_=kind))
        else:
            drawn.append(el("line", x1=x, x2=x + 22, y1=y - 4, y2=y - 4, class_=f"k {kind}"))
        drawn.append(el("text", told, x=x + 28, y=y))
        x += 28 + 6.6 * len(told) + 16
    return join(drawn)


def best_part(example: Example, runs: Mapping[bool, Sequence[Run]], top: float, unit: str) -> Part:
    """Return best so far with and without physics: each seed thin, the median thick."""
    panel, log = Panel(WIDTH, HEIGHT), isinstance(example.AIM, Minimize)
    values = [v for flag in runs for r in runs[flag] for v in r.best]
    x = Scale(1, example.EXPERIMENTS, *panel.x_range)
    y = Scale.around([*values, top], *panel.y_range, log=log)
    lines = []
    for flag, kind in ((False, "without"), (True, "with")):
        tracks = [run.best for run in runs[flag]]
        middle = [median(column) for column in zip(*tracks, strict=True)]
        for track, weight in [*((t, "thin") for t in tracks), (middle, "thick")]:
            points = [(x(i), y(v)) for i, v in enumerate(track, start=1)]
            lines.append(el("path", d=steps(points, points[-1][0]), class_=f"{kind} {weight}"))
    left, right = panel.x_range
    aim = el("line", x1=left, x2=right, y1=y(top), y2=y(top), class_="aim")
    titles = "experiment", axis_title(example.AIM.output, unit)
    axes = panel.axes(x, y, titles, whole_ticks(1, example.EXPERIMENTS, 8), y.ticks(6))
    entries = (("with", "with physics"), ("without", "without"), ("aim", "the best there is"))
    return Part("Best so far (its value without noise)", entries, join(axes, aim, lines))


def named_term(runs: Sequence[Run]) -> tuple[str, str]:
    """Return the constant and the input that most seeds name first; then the greatest effect."""
    firsts = [run.report["missing"][0] for run in runs]
    names = [(t["parameter"], t["along"]) for t in firsts]
    return max(zip(names, firsts, strict=True), key=lambda n: (names.count(n[0]), n[1]["effect"]))[
        0
    ]


def missing_part(example: Example, runs: Sequence[Run]) -> Part:
    """Return the constant that seems to vary, of the seeds that name it along that input."""
    parameter, along = named_term(runs)
    found = {
        seed: term
        for seed, run in enumerate(runs)
        for term in run.report["missing"]
        if (term["parameter"], term["along"]) == (parameter, along)
    }
    panel, one = Panel(WIDTH, HEIGHT), next(iter(found.values()))
    log = getattr(next(p for p in example.SPACE.parameters if p.name == along), "log", False)
    every = [v for term in found.values() for v in term["value"]]
    x = Scale(one["x"][0], one["x"][-1], *panel.x_range, log=log)
    y = Scale.around([*every, example.TRUE[parameter]], *panel.y_range)
    lines = [
        el("path", d=path([(x(a), y(b)) for a, b in zip(t["x"], t["value"], strict=True)]),
           class_=f"thick s{seed}")
        for seed, t in found.items()
    ]  # fmt: skip
    left, right = panel.x_range
    at = y(example.TRUE[parameter])
    aim = el("line", x1=left, x2=right, y1=at, y2=at, class_="aim")
    titles = axis_title(along, one["along_unit"]), axis_title(parameter, one["unit"])
    axes = panel.axes(x, y, titles, x.ticks(6), y.ticks(6))
    firsts = {s: run.report["missing"][0] for s, run in enumerate(runs) if s not in found}
    others = [f"seed {s}: {t['parameter']} along {t['along']}" for s, t in firsts.items()]
    note = el("text", "; ".join(others), x=right, y=10, text_anchor="end")
    entries = [(f"s{s}", f"seed {s}") for s in found]
    entries.append(("aim", "in truth the same everywhere"))
    return Part(
        f"Missing: {parameter} seems to vary along {along}", entries, join(axes, aim, lines, note)
    )


def rivals_part(example: Example, runs: Sequence[Run], right: str) -> Part:
    """Return the weight of the mechanism that is right, round by round, and of no physics."""
    panel = Panel(WIDTH, HEIGHT)
    x, y = Scale(3, example.EXPERIMENTS, *panel.x_range), Scale(0, 1, *panel.y_range)
    lines = []
    for seed, run in enumerate(runs):
        for name, kind in ((right, "thick"), (_other(run, right), "dash")):
            points = [(x(n), y(shares.get(name, 0.0))) for n, shares in run.shares]
            lines.append(el("path", d=path(points), class_=f"{kind} s{seed}"))
    axes = panel.axes(
        x, y, ("results known", "weight"), whole_ticks(3, example.EXPERIMENTS, 8), y.ticks(6)
    )
    head = f"Weight of {right}, which is right (dashed: {_other(runs[0], right)})"
    entries = [(f"s{s}", f"seed {s}") for s in range(len(runs))]
    return Part(head, entries, join(axes, lines))


def _other(run: Run, right: str) -> str:
    return next(name for name in run.shares[-1][1] if name != right)


def constants_part(example: Example, runs: Mapping[int, Run]) -> Part:
    """Return a line a constant: believed, learned by each seed, true; each on its own scale."""
    left, right, rows = 78.0, 2 * WIDTH + GAP - 350.0, []
    names = [row["name"] for row in next(iter(runs.values())).report["parameters"]]
    for line, name in enumerate(names):
        y, told = ROW * line + 22.0, []
        learned = {s: _constant(run, name) for s, run in runs.items()}
        first = next(iter(learned.values()))
        ends = [v for c in learned.values() for v in (c["low"], c["high"])]
        around = [*ends, first["prior_low"], first["prior_high"], example.TRUE[name]]
        x = Scale.around(around, left, right, log=True, margin=0.02)
        a, b = x(first["prior_low"]), x(first["prior_high"])
        rows.append(el("rect", x=a, y=y - 13, width=b - a, height=26, rx=3, class_="believed"))
        for at, (seed, c) in enumerate(learned.items()):
            level = y + 8.0 * (at - 1)
            rows.append(
                el(
                    "line",
                    x1=x(c["low"]),
                    x2=x(c["high"]),
                    y1=level,
                    y2=level,
                    class_=f"bar s{seed}",
                )
            )
            told.append(number(c["mean"]))
        at = x(example.TRUE[name])
        rows.append(el("line", x1=at, x2=at, y1=y - 15, y2=y + 15, class_="true"))
        rows.append(el("text", name, x=left - 10, y=y + 4, class_="name", text_anchor="end"))
        unit = unit_text(first["unit"])
        words = f"true {number(example.TRUE[name])}, learned {', '.join(told)} {unit}"
        rows.append(el("text", words, x=right + 12, y=y + 4))
    entries = [
        ("believed", "believed before (90 %)"),
        *((f"s{s}", f"learned, seed {s} (90 %)") for s in runs),
        ("true", "true"),
    ]
    return Part("Constants", entries, join(rows), height=ROW * len(names) + 12, wide=True)


def _constant(run: Run, name: str) -> Mapping[str, Any]:
    return next(row for row in run.report["parameters"] if row["name"] == name)


def curves_part(head: str, curves: Sequence[tuple[str, str, CurveData]]) -> Part:
    """Return measured curves laid over each other: (class, words, curve) each."""
    panel = Panel(2 * WIDTH + GAP, LOW)
    first = curves[0][2]
    x = Scale(float(first.x[0]), float(first.x[-1]), *panel.x_range)
    y = Scale.around([0.0, *(float(v) for _, _, c in curves for v in c.y)], *panel.y_range)
    lines = [
        el("path", d=path([(x(float(a)), y(float(b))) for a, b in zip(c.x, c.y, strict=True)]),
           class_=f"k2 {kind}")
        for kind, _, c in curves
    ]  # fmt: skip
    names = AXES[first.x_unit]
    titles = axis_title(names[0], first.x_unit), axis_title(names[1], first.y_unit)
    axes = panel.axes(x, y, titles, x.ticks(10), y.ticks(6))
    legend = dict.fromkeys((kind, told) for kind, told, _ in curves)
    return Part(head, list(legend), join(axes, lines), height=LOW, wide=True)


def first_at(values: Sequence[float], level: float, *, low: bool) -> int | None:
    """Return after how many experiments a level was reached; None where it never was."""
    reached = [v <= level if low else v >= level for v in values]
    return reached.index(True) + 1 if any(reached) else None
