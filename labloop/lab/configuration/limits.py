"""Limits that a lab file sets on top of those of the instrument."""

from collections.abc import Mapping
from dataclasses import dataclass

from labloop.lab.devices import ActionSpec, Arg

Limits = Mapping[tuple[str, str], Arg]
"""(action, argument) -> the lab's own bounds, in the unit that the action declares."""


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """Checks bound arguments against the driver's and the lab file's limits."""

    device: str
    limits: Limits

    def __call__(self, spec: ActionSpec, bound: Mapping[str, object]) -> None:
        """Raise LimitError where an argument lies outside."""
        for name, value in bound.items():
            arg = spec.arguments[name].arg
            if arg is None or not isinstance(value, (int, float)):
                continue
            what = f"{self.device}.{spec.name}.{name}"
            arg.check(float(value), what)
            limit = self.limits.get((spec.name, name))
            if limit is not None:
                limit.check(float(value), what, "the lab file")
