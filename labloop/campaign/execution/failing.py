"""What an error makes of an experiment: state, reason, and by what it is told apart from others."""

from collections.abc import Iterator

from labloop.errors import (
    DeviceError,
    LabloopError,
    NotConnectedError,
    StockError,
    UncertainError,
    WorkError,
)
from labloop.lab import class_path
from labloop.records import ExperimentState, Failure


def state_and_reason(error: BaseException) -> tuple[ExperimentState, str]:
    """Return state and reason of what a procedure raised; a task group's errors are unfolded.

    An uncertain outcome counts before any failure, because a person must resolve it.
    """
    leaves = leaf_errors(error)
    for leaf in leaves:
        if isinstance(leaf, UncertainError):
            return ExperimentState.UNCERTAIN, str(leaf)
    for leaf in leaves:
        if isinstance(leaf, StockError):
            # It says nothing about these conditions, and the next one would find none either.
            return ExperimentState.ABANDONED, str(leaf)
    first = leaves[0]
    named = "" if isinstance(first, LabloopError) else f"{type(first).__name__}: "
    return ExperimentState.FAILED, f"{named}{first}"


def lost_connection(error: BaseException) -> str:
    """Return what could not be reached, where an error came of that; else nothing."""
    for leaf in leaf_errors(error):
        for cause in _with_causes(leaf):
            if isinstance(cause, NotConnectedError):
                return str(cause)
    return ""


def failure_of(error: BaseException) -> Failure:
    """Return by what the failure of an experiment is told apart from others."""
    errors = [each for leaf in leaf_errors(error) for each in _with_causes(leaf)]
    kinds = {class_path(kind) for each in errors for kind in type(each).__mro__[:-2]}
    kinds |= {name for each in errors if isinstance(each, WorkError) for name in each.raised}
    of_device = [each for each in errors if isinstance(each, DeviceError) and each.device]
    if not of_device:
        return Failure(kinds=frozenset(kinds))
    first = of_device[0]
    return Failure(
        kinds=frozenset(kinds), device=first.device, station=first.station, tries=first.tries
    )


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def leaf_errors(error: BaseException) -> list[BaseException]:
    """Return what an error is made of: a group's errors one by one, else itself."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in leaf_errors(part)]
    return [error]
