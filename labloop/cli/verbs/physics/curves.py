"""What a physics model expects along each parameter, as lines of the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labloop.physics import ResponseCurve

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN = "_.-=+*#@"
_WIDTH = 16


def show_curves(screen: Any, curves: "Sequence[ResponseCurve]") -> None:
    """Print a small curve of each output along each parameter, with where it begins and ends."""
    from rich.table import Table  # noqa: PLC0415 - keeps labloop --help quick

    if not curves:
        return
    title = "what it expects before any result, the other parameters at their middle"
    table = Table(title=title, title_justify="left")
    for column in ("output", "along", "from left to right", "least to greatest", "priors leave"):
        table.add_column(column)
    plain = not str(getattr(screen, "encoding", "utf-8")).lower().startswith("utf")
    blocks = _PLAIN if plain else _BLOCKS
    for curve in curves:
        low, high = min(curve.median), max(curve.median)
        widest = max(b - a for a, b in zip(curve.low, curve.high, strict=True))
        unit = "" if curve.output_unit == "1" else f" {curve.output_unit}"
        table.add_row(
            curve.output,
            curve.parameter,
            _sparkline(curve.median, blocks),
            f"{low:.3g} to {high:.3g}{unit}",
            f"{widest:.3g}{unit} wide",
        )
    screen.print(table)


def _sparkline(values: Sequence[float], blocks: str) -> str:
    """Return values as blocks whose height is their place between the least and the greatest."""
    low, high = min(values), max(values)
    step = max(1, -(-len(values) // _WIDTH))
    size = (high - low) or 1.0
    last = len(blocks) - 1
    return "".join(blocks[min(last, int(len(blocks) * (v - low) / size))] for v in values[::step])
