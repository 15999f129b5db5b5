"""The port of an executor: jobs that the campaign hands over, results that come back."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from labloop.records._schedule import Occupation
from labloop.records._states import ExperimentState
from labloop.records._values import Measurement, Point


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentJob:
    """One experiment to carry out."""

    experiment_id: str
    number: int
    round_index: int | None
    point: Point
    well: str = ""
    """Where it stands on its plate, such as ``A1``; empty without a plate."""
    wait: float = 0.0
    """Lab seconds that pass before it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What an experiment failed of, as far as it is told apart from others."""

    kinds: frozenset[str] = frozenset()
    """The classes of what was raised, and of what raised that, by their names."""
    device: str = ""
    """Whose action or read raised it; empty where none did."""
    station: str = ""
    """The station at which the device was used; empty where it was used at none."""
    tries: int = 1
    """How often that action was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentResult:
    """How one experiment ended. Its raw data is committed before this is made."""

    experiment_id: str
    state: ExperimentState
    """DONE (raw data stored, to be analysed), FAILED, ABANDONED or UNCERTAIN; AWAITING where it
    left the lab until a late result comes."""
    reason: str = ""
    lab_started: float | None = None
    lab_finished: float | None = None
    measurement: Measurement | None = None
    """The raw data where the executor still has it; else it is read from the records."""
    lost: str = ""
    """The device that could not be reached, where the experiment failed for it; else empty."""
    failure: Failure | None = None
    """What it failed of; None where it did not."""
    late: Mapping[str, str] = field(default_factory=dict)
    """Late result that it waits for -> what it is in a simulated lab that tells it."""
    held: tuple[Occupation, ...] = ()
    """What it had of stations and devices, in lab seconds of the campaign."""
    used: frozenset[str] = frozenset()
    """The devices and stations that it used."""


class Executor(Protocol):
    """Carries experiments out; Prefect and the plain engine each have one."""

    def start(self, batch: Sequence[ExperimentJob]) -> Sequence[Future[ExperimentResult]]:
        """Start a batch and return a future for each experiment, in the order of the batch.

        A failure in the lab is a state of the result, never an exception of the future.
        """
        ...

    def settle(self) -> None:
        """Tell that the campaign has reacted to all results, so that simulated time may go on."""
        ...
