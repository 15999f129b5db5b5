"""Runs the contract on a driver, and tells how each check ended in one sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from labloop.lab import find_driver
from labloop.testing.drivers._case import DriverCase
from labloop.testing.drivers._checks import DriverCheck, driver_checks

_NEED_AN_ACTION = frozenset({"acts_through_the_journal", "is_safe_after_a_cancelled_action"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one check ended."""

    check: DriverCheck
    case: DriverCase
    state: Literal["pass", "FAIL", "left out"]
    sentence: str
    """The promise that is kept, what broke it, or why it was left out."""


def run_checks(cases: Sequence[DriverCase], *, actions: bool = True) -> Iterator[Verdict]:
    """Yield a verdict for each check, as soon as it has ended.

    Args:
        cases: of one driver.
        actions: False leaves out what moves something on a real line.

    Raises:
        LabFileError: there is no such driver.
    """
    for case in cases:
        kind = find_driver(case.driver)
        wire = not kind.schemes
        for check in driver_checks(wire=wire, real=case.real, actions=actions):
            missing = check.missing(case)
            if check.name in _NEED_AN_ACTION and not kind.actions:
                missing = "the driver declares no action"
            if missing:
                yield Verdict(check, case, "left out", missing)
            else:
                yield _verdict(check, case)


def _verdict(check: DriverCheck, case: DriverCase) -> Verdict:
    try:
        check(case)
    except AssertionError as error:
        return Verdict(check, case, "FAIL", str(error))
    except Exception as error:  # noqa: BLE001 - a driver may raise anything: that is the finding
        return Verdict(check, case, "FAIL", f"{type(error).__name__}: {error}")
    return Verdict(check, case, "pass", check.promise)
