"""What a device does now, in words: an action with its arguments."""

from collections.abc import Mapping
from typing import Any

from labloop.lab.devices import ActionSpec


def in_words(spec: ActionSpec, bound: Mapping[str, Any], experiment_id: str | None) -> str:
    """Return an action with its arguments, as a person reads it.

    Args:
        spec: the action.
        bound: its arguments, in their declared units.
        experiment_id: for which it is carried out; None for none.
    """
    arguments = ", ".join(
        _argument(name, spec.arguments[name].unit, v) for name, v in bound.items()
    )
    experiment = f" for {experiment_id}" if experiment_id else ""
    return f"{spec.name}({arguments}){experiment}"


def _argument(name: str, unit: str, value: object) -> str:
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{name}={number}" + ("" if unit == "1" else f" {unit}")
