"""A world without emulators: every device of its lab is spoken to through a library."""

from collections.abc import Mapping
from typing import Any

from labloop.errors import DefinitionError
from labloop_simulators.kit import Emulator, TruthLog


class NoWires:
    """Only keeps the log; what stands in for each library is said by its driver."""

    def __init__(self) -> None:
        self.emulators: dict[str, Emulator] = {}
        self.truth = TruthLog()


def create(seed: int, options: Mapping[str, Any]) -> NoWires:  # noqa: ARG001 - every world takes both
    """Return a fresh world; raises DefinitionError where it is given options."""
    if options:
        raise DefinitionError(f"the world no_wires has no options, got {sorted(options)}")
    return NoWires()
