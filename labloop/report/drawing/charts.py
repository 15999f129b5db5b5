"""The frame that every chart shares: panel, axes, grid, legend, colours."""

from collections.abc import Sequence
from dataclasses import dataclass

from labloop.report.drawing.markup import Markup, el, join
from labloop.report.drawing.scales import Scale

Ticks = Sequence[tuple[float, str]]
WIDE = 800
"""A chart that is wider than this, in its own pixels, does not fit a phone."""
SHADES = 12
"""Steps of the sequential palette (classes ``s0 .. s11`` of the style sheet)."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The inner rectangle of a chart, in pixels of its own drawing."""

    width: float
    height: float
    left: float = 62
    right: float = 16
    top: float = 14
    bottom: float = 46

    @property
    def x_range(self) -> tuple[float, float]:
        """Left and right edge."""
        return self.left, self.width - self.right

    @property
    def y_range(self) -> tuple[float, float]:
        """Lower and upper edge: pixels grow downwards."""
        return self.height - self.bottom, self.top

    def svg(self, label: str, *children: Markup) -> Markup:
        """Return the whole drawing; ``label`` is read aloud by a screen reader."""
        box = f"0 0 {self.width:.0f} {self.height:.0f}"
        drawn = el("svg", *children, viewBox=box, role="img", aria_label=label, class_="chart")
        # On a phone its letters would shrink to nothing: it is shifted sideways instead.
        return el("div", drawn, class_="wide") if self.width > WIDE else drawn

    def axes(
        self, x: Scale, y: Scale, titles: tuple[str, str], x_ticks: Ticks, y_ticks: Ticks
    ) -> Markup:
        """Return grid, ticks and titles."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        parts: list[Markup] = []
        for value, label in y_ticks:
            parts.append(el("line", x1=x0, x2=x1, y1=y(value), y2=y(value), class_="grid"))
            parts.append(
                el("text", label, x=x0 - 8, y=y(value) + 4, class_="tick", text_anchor="end")
            )
        for value, label in x_ticks:
            parts.append(el("line", x1=x(value), x2=x(value), y1=y0, y2=y0 + 4, class_="axis"))
            parts.append(
                el("text", label, x=x(value), y=y0 + 18, class_="tick", text_anchor="middle")
            )
        parts.append(el("line", x1=x0, x2=x1, y1=y0, y2=y0, class_="axis"))
        middle = (y0 + y1) / 2
        parts.append(
            el("text", titles[0], x=(x0 + x1) / 2, y=y0 + 37, class_="title", text_anchor="middle")
        )
        parts.append(
            el(
                "text",
                titles[1],
                x=0,
                y=0,
                class_="title",
                text_anchor="middle",
                transform=f"translate(14 {middle:.1f}) rotate(-90)",
            )
        )
        return join(parts)


def desk_and_phone(desk: Markup, phone: Markup) -> Markup:
    """Return two drawings of one thing, of which the page shows the one that fits the window."""
    return join(el("div", desk, class_="on-desk"), el("div", phone, class_="on-phone"))


def path(points: Sequence[tuple[float, float]]) -> str:
    """Return the path through ``points`` (pixels)."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def steps(points: Sequence[tuple[float, float]], end: float) -> str:
    """Return the path of a staircase through ``points`` that goes on to ``end``."""
    text = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for x, y in points[1:]:
        text += f"H{x:.1f}V{y:.1f}"
    return f"{text}H{end:.1f}"


def cross(x: float, y: float, size: float = 4) -> str:
    """Return the path of a small x."""
    return (
        f"M{x - size:.1f} {y - size:.1f}l{2 * size} {2 * size}m0 {-2 * size}l{-2 * size} {2 * size}"
    )


def shade(part: float) -> str:
    """Return the colour class of a value between 0 (low) and 1 (high)."""
    return f"s{min(SHADES - 1, max(0, int(part * SHADES)))}"


def legend(*entries: tuple[str, str]) -> Markup:
    """Return a legend of (class of the swatch, words) pairs."""
    keys = [el("span", el("i", class_=f"key {kind}"), words) for kind, words in entries]
    return el("div", keys, class_="legend")


def ramp(low: str, high: str, title: str) -> Markup:
    """Return the legend of the sequential palette."""
    boxes = [el("i", class_=f"s{i}") for i in range(SHADES)]
    bar = el("span", boxes, class_="ramp")
    return el("div", el("span", title), el("span", low), bar, el("span", high), class_="legend")
