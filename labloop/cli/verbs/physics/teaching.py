"""Experiments that would teach most, as lines."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labloop.records import Point
    from labloop.space import SearchSpace


def show_teaching(screen: Any, points: "Sequence[Point]", space: "SearchSpace") -> None:
    """Print the experiments that would teach most about the parameters, where there are any."""
    if not points:
        return
    screen.print("experiments that would teach most about the parameters:", markup=False)
    units = {feature.parameter: feature.unit for feature in space.features}
    for number, point in enumerate(points, start=1):
        told = [
            f"{name} {value}" if isinstance(value, str) else f"{name} {value:.4g} {units[name]}"
            for name, value in point.items()
        ]
        line = ", ".join(each.removesuffix(" 1") for each in told)
        screen.print(f"  {number}. {line}", markup=False)
