"""What the campaign hands to whoever carries experiments out."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from labloop.records._states import ExperimentState
from labloop.records._values import Measurement, Point


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentJob:
    """One experiment to carry out."""

    experiment_id: str
    number: int
    round_index: int | None
    point: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentResult:
    """How one experiment ended; raw data is already committed when this exists."""

    experiment_id: str
    state: ExperimentState
    """DONE (raw data stored, to be analysed), FAILED, ABANDONED or UNCERTAIN."""
    reason: str = ""
    lab_started: float | None = None
    lab_finished: float | None = None
    measurement: Measurement | None = None
    """The raw data, where the executor still has it at hand; else it is read from the records."""
    lost: str = ""
    """What could not be reached, where that is why it failed; empty otherwise."""


class Executor(Protocol):
    """Carries experiments out; Prefect and the plain engine each have one."""

    def start(self, batch: Sequence[ExperimentJob]) -> Sequence[Future[ExperimentResult]]:
        """Put a batch into the lab by one call; a future per experiment.

        A future never raises for what happened in the lab: that is its result's state.
        """
        ...

    def settle(self) -> None:
        """Say that the campaign has reacted to what finished, so that lab time may go on."""
        ...
