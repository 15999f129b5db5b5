"""Durations learned from what is stored: each experiment beside itself, run ahead alone.

Experiments differ in length by their conditions, so the mean of those that were measured says
little of another one. Each is run ahead with its own conditions, and measured and simulated
seconds, without what it waited, are compared pair by pair.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean

from labloop.campaign.definition import Definition
from labloop.campaign.ordering.run_ahead import run_ahead
from labloop.lab import LabFile
from labloop.records import ExperimentJob, ExperimentRecord, Occupation

FEWEST = 3
"""Ended experiments from which on their durations correct the simulated ones."""
MOST = 20
"""So many of the newest experiments are run ahead for it."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Experiments that one campaign has carried out, oldest first.

    Attributes:
        definition: of the campaign.
        rows: the experiments; begin and end of each are known.
        jobs: of the same experiments.
        held: what each had of stations and devices.
    """

    definition: Definition
    rows: Sequence[ExperimentRecord]
    jobs: Sequence[ExperimentJob]
    held: Sequence[Occupation]


@dataclass(frozen=True, slots=True)
class LearnedDurations:
    """Measured and simulated seconds of the same experiments, without what they waited."""

    measured: tuple[float, ...] = ()
    simulated: tuple[float, ...] = ()

    @property
    def is_enough(self) -> bool:
        """Whether there are enough of them to be believed."""
        return len(self.measured) >= FEWEST

    @property
    def factor(self) -> float:
        """Measured seconds for one that was simulated; 1 where too few are known."""
        simulated = sum(self.simulated)
        return sum(self.measured) / simulated if self.is_enough and simulated else 1.0

    @property
    def scatter(self) -> float:
        """Standard deviation of one experiment about the factor, as a share of its length."""
        if not self.is_enough or not sum(self.measured):
            return 0.0
        factor, count = self.factor, len(self.measured)
        pairs = zip(self.measured, self.simulated, strict=True)
        squares = sum((one - factor * other) ** 2 for one, other in pairs)
        return float((squares / (count - 1)) ** 0.5 / fmean(self.measured))


def learn_durations(carried: Sequence[Carried], lab_file: LabFile) -> LearnedDurations:
    """Run stored experiments ahead alone and return their durations beside the stored ones.

    Args:
        carried: of each campaign of the lab; the newest experiments of all of them are taken.
        lab_file: the lab that is simulated.
    """
    measured: list[float] = []
    simulated: list[float] = []
    left = MOST
    for each in reversed(carried):
        jobs = each.jobs[-left:] if left else ()
        if not jobs:
            continue
        left -= len(jobs)
        traces, _ = run_ahead(each.definition, lab_file, jobs)
        for row in each.rows:
            if row.id in traces and row.lab_started is not None and row.lab_finished is not None:
                held = [had for had in each.held if had.experiment_id == row.id]
                own = row.lab_finished - row.lab_started - waited_seconds(held)
                measured.append(max(0.0, own))
                simulated.append(traces[row.id].seconds)
    return LearnedDurations(tuple(measured), tuple(simulated))


def waited_seconds(held: Sequence[Occupation]) -> float:
    """Return the seconds in which an experiment waited, or a station was made ready for it."""
    return sum(end - begin for begin, end in waits_of(held))


def waits_of(held: Sequence[Occupation], until: float = inf) -> Iterator[tuple[float, float]]:
    """Yield the spans in which an experiment waited, or a station was made ready for it.

    Args:
        held: what it had.
        until: lab second at which the last span ends at the latest.
    """
    end = 0.0
    for each in sorted(held, key=lambda had: had.asked):
        begin = max(each.asked, end)
        got = min(each.start + each.preparing, until)
        if got > begin:
            yield begin, got
            end = got
