"""The contract of a driver: every check, in the order in which a driver is best written."""

from collections.abc import Callable
from dataclasses import dataclass

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
from labloop.testing.drivers._safety_checks import (
    feeds_its_watchdog,
    is_deterministic,
    is_safe_after_a_cancelled_action,
    is_safe_twice,
)


@dataclass(frozen=True, slots=True)
class DriverCheck:
    """One promise of the contract."""

    name: str
    promise: str
    run: Callable[[DriverCase], None]
    needs_wire: bool = False
    """Whether it spoils what an emulator sends; a driver that calls a library has no emulator."""

    def __call__(self, case: DriverCase) -> None:
        """Raise AssertionError where the driver breaks the promise."""
        self.run(case)


_ON_THE_WIRE = (
    survives_silence,
    survives_spoiled_answers,
    survives_noise,
    survives_an_unplugged_cable,
    refuses_another_instrument,
)
_CHECKS = (
    identifies,
    is_declared,
    reads,
    acts_through_the_journal,
    keeps_limits,
    survives_silence,
    survives_spoiled_answers,
    survives_noise,
    survives_an_unplugged_cable,
    refuses_another_instrument,
    takes_turns,
    is_safe_twice,
    is_safe_after_a_cancelled_action,
    feeds_its_watchdog,
    is_deterministic,
)


def driver_checks(*, wire: bool = True) -> list[DriverCheck]:
    """Return the checks.

    Args:
        wire: False for a driver that calls a library: only the checks that need no emulator.
    """
    checks = [
        DriverCheck(check.__name__, (check.__doc__ or "").strip(), check, check in _ON_THE_WIRE)
        for check in _CHECKS
    ]
    return [check for check in checks if wire or not check.needs_wire]
