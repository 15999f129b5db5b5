"""The contract of a driver: every check, in the order in which a driver is best written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from labloop.testing.drivers._case import DriverCase
from labloop.testing.drivers._declaration_checks import (
    acts_through_the_journal,
    identifies,
    is_declared,
    keeps_limits,
    reads,
)
from labloop.testing.drivers._line_checks import (
    refuses_another_instrument,
    survives_an_unplugged_cable,
    survives_noise,
    survives_silence,
    survives_spoiled_answers,
    takes_turns,
)
from labloop.testing.drivers._manual_checks import (
    reads_what_was_set,
    refuses_damaged_answers,
    sends_what_the_manual_says,
    understands_the_manual,
)
from labloop.testing.drivers._safety_checks import (
    feeds_its_watchdog,
    is_deterministic,
    is_safe_after_a_cancelled_action,
    is_safe_twice,
    tells_what_it_did,
)

Place = Literal["look", "act", "simulated", "wire"]
"""Where a check may run: ``look`` and ``act`` also on a real line, ``act`` moves something;
``simulated`` needs a simulated lab, ``wire`` an emulator whose answers it spoils."""


@dataclass(frozen=True, slots=True)
class DriverCheck:
    """One promise of the contract."""

    name: str
    promise: str
    run: Callable[[DriverCase], None]
    place: Place = "simulated"
    asks_for: str = ""
    """The field of the case without which there is nothing to check."""

    def __call__(self, case: DriverCase) -> None:
        """Raise AssertionError where the driver breaks the promise."""
        self.run(case)

    def missing(self, case: DriverCase) -> str:
        """Return in one sentence why there is nothing to check; empty where there is."""
        if not self.asks_for or getattr(case, self.asks_for):
            return ""
        return f"nothing to compare with; say {self.asks_for}= in the DriverCase"


_CHECKS: tuple[tuple[Callable[[DriverCase], None], Place, str], ...] = (
    (identifies, "look", ""),
    (is_declared, "look", ""),
    (reads, "look", ""),
    (acts_through_the_journal, "act", ""),
    (reads_what_was_set, "simulated", "values"),
    (understands_the_manual, "wire", "answers"),
    (sends_what_the_manual_says, "wire", "frames"),
    (keeps_limits, "simulated", ""),
    (survives_silence, "wire", ""),
    (survives_spoiled_answers, "wire", ""),
    (survives_noise, "wire", ""),
    (refuses_damaged_answers, "wire", "checksum"),
    (survives_an_unplugged_cable, "wire", ""),
    (refuses_another_instrument, "wire", ""),
    (takes_turns, "look", ""),
    (is_safe_twice, "act", ""),
    (is_safe_after_a_cancelled_action, "act", ""),
    (feeds_its_watchdog, "simulated", ""),
    (is_deterministic, "simulated", ""),
    (tells_what_it_did, "act", ""),
)


def driver_checks(
    *, wire: bool = True, real: bool = False, actions: bool = True
) -> list[DriverCheck]:
    """Return the checks.

    Args:
        wire: False for a driver that calls a library: only the checks that need no emulator.
        real: only the checks that a real line allows.
        actions: False leaves out what moves something on a real line.
    """
    places = {"look", "act", "simulated", "wire"}
    if not wire:
        places -= {"wire"}
    if real:
        places -= {"simulated", "wire"} if actions else {"simulated", "wire", "act"}
    return [
        DriverCheck(check.__name__, (check.__doc__ or "").strip(), check, place, asks_for)
        for check, place, asks_for in _CHECKS
        if place in places
    ]
