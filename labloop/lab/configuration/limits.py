"""Limits of a lab file, on top of those of the instrument."""

from collections.abc import Mapping
from dataclasses import dataclass

from labloop.lab.devices import ActionSpec, Arg

Limits = Mapping[tuple[str, str], Arg]
"""(action, argument) -> the lab's own limits, in the unit that the action declares."""


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """Checks the arguments of one device's actions against driver and lab file."""

    device: str
    limits: Limits

    def __call__(self, spec: ActionSpec, bound: Mapping[str, object]) -> None:
        """Check converted arguments.

        Args:
            spec: the action.
            bound: name -> value in the declared unit.

        Raises:
            LimitError: a number lies outside.
        """
        for name, value in bound.items():
            arg = spec.arguments[name].arg
            if arg is None or not isinstance(value, (int, float)):
                continue
            what = f"{self.device}.{spec.name}.{name}"
            arg.check(float(value), what)
            limit = self.limits.get((spec.name, name))
            if limit is not None:
                limit.check(float(value), what, "the lab file")
