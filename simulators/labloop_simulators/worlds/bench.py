"""A bench: any shipped emulators side by side, without physics between them.

In a lab file::

    [lab]
    world = "bench"
    world_options = { balance = "mettler", pump = "cavro" }

Each option is the name of a device and which emulator answers for it; a table says more:
``pump = { emulator = "cavro", address = 2 }``.
"""

from collections.abc import Mapping
from typing import Any

from labloop.errors import DefinitionError
from labloop_simulators.kit import Emulator, TruthLog, make_emulator


class Bench:
    """The world: emulators by device name and one log of the truth.

    Args:
        devices: name -> name of the emulator, or a table with ``emulator`` and its options.

    Raises:
        DefinitionError: no such emulator, or it has no such option.
    """

    def __init__(self, devices: Mapping[str, Any]) -> None:
        self.truth = TruthLog()
        self.emulators: Mapping[str, Emulator] = {
            name: self._make(name, told) for name, told in devices.items()
        }

    def _make(self, name: str, told: Any) -> Emulator:
        table = dict(told) if isinstance(told, Mapping) else {"emulator": told}
        emulator = table.pop("emulator", None)
        if not isinstance(emulator, str):
            raise DefinitionError(
                f"the world bench needs the emulator of {name!r}, got {told!r}; write "
                f'{name} = "mettler" or {name} = {{ emulator = "mettler" }}'
            )
        return make_emulator(emulator, table, name, self.truth)


def create(seed: int, options: Mapping[str, Any]) -> Bench:  # noqa: ARG001 - nothing is drawn
    """Return the world of a lab file's ``world = "bench"``; see the module."""
    return Bench(options)
