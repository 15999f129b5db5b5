"""Regret against experiments, a panel a lab, a line a method: one SVG, drawn by hand."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.physics.labs import LABS
from benchmarks.physics.methods import FIRST

COLOURS = {
    "physics": "#c1121f",
    "physics-good": "#f4a261",
    "physics-wrong": "#7f5539",
    "no-physics": "#0b6e4f",
    "random": "#9a9a9a",
    "botorch": "#1d4ed8",
    "baybe": "#7c3aed",
    "ax": "#0891b2",
}
_NAMES = {
    "physics": "physics, imprecise",
    "physics-good": "physics, right",
    "physics-wrong": "physics, badly wrong",
    "no-physics": "no physics",
    "botorch": "plain BoTorch",
    "baybe": "BayBE",
    "ax": "Ax",
}
_CAPTION = (
    "Median regret of the best measured experiment, as a share of the way from the median of the "
    "space to its optimum; campaigns that ended go on level. Dashed: 95 %."
)
_FLOOR, _TOP, _LAST = 1e-4, 1.0, 60
_WIDE, _HIGH, _LEFT, _HEAD, _COLUMNS = 330, 220, 58, 30, 3


def write_plot(runs: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the median regret of every method with runs in every lab."""
    parts = [_panel(runs, name, place) for place, name in enumerate(LABS)]
    rows = math.ceil(len(LABS) / _COLUMNS)
    width, height = _COLUMNS * (_WIDE + _LEFT) + 20, rows * (_HIGH + 70) + 60
    drawn = [m for m in FIRST if any(r["method"] == m for r in runs)]
    legend = (
        "".join(
            f'<g transform="translate({20 + 164 * i},{height - 38})">'
            f'<line x2="22" stroke="{COLOURS[m]}" stroke-width="2.5"/>'
            f'<text x="28" y="4">{escape(_NAMES.get(m, m))}</text></g>'
            for i, m in enumerate(drawn)
        )
        + f'<text x="20" y="{height - 10}">{_CAPTION}</text>'
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" fill="#222">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}{legend}</svg>\n',
        encoding="utf-8",
    )


def _panel(runs: Sequence[Mapping[str, Any]], name: str, place: int) -> str:
    lab = LABS[name]
    left = _LEFT + (place % _COLUMNS) * (_WIDE + _LEFT)
    top = _HEAD + (place // _COLUMNS) * (_HIGH + 70)
    parts = [f'<text x="0" y="-10" font-weight="bold">{lab.number}. {name} ({lab.group})</text>']
    for power in range(round(math.log10(_FLOOR)), 1):
        y = _y(10.0**power)
        parts.append(f'<line x2="{_WIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e3e3"/>')
        label = f"{10.0**power:g}"
        parts.append(f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for number in range(0, _LAST + 1, 10):
        x = _x(number)
        parts.append(f'<text x="{x:.1f}" y="{_HIGH + 16}" text-anchor="middle">{number}</text>')
    target = _y(0.05)
    parts.append(
        f'<line x2="{_WIDE}" y1="{target:.1f}" y2="{target:.1f}" stroke="#888" '
        'stroke-dasharray="4 3"/>'
    )
    parts.append(f'<rect width="{_WIDE}" height="{_HIGH}" fill="none" stroke="#888"/>')
    parts.append(f'<text x="{_WIDE / 2}" y="{_HIGH + 33}" text-anchor="middle">experiments</text>')
    for method in FIRST:
        traces = [r["trace"] for r in runs if (r["lab"], r["method"]) == (name, method)]
        if traces:
            parts.append(_line(traces, COLOURS[method]))
    return f'<g transform="translate({left},{top})">{"".join(parts)}</g>'


def _line(traces: Sequence[Sequence[float]], colour: str) -> str:
    """Return the line of the medians; a run that ended keeps its last score."""
    rows = [np.pad(t[:_LAST], (0, max(0, _LAST - len(t))), mode="edge") for t in traces]
    middle = 1.0 - np.median(np.array(rows), axis=0)
    points = " ".join(f"{_x(i + 1):.1f},{_y(v):.1f}" for i, v in enumerate(middle))
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _x(number: float) -> float:
    return _WIDE * number / _LAST


def _y(value: float) -> float:
    span = math.log(_TOP / _FLOOR)
    return _HIGH * math.log(_TOP / min(max(value, _FLOOR), _TOP)) / span
