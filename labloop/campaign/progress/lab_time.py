"""How much a campaign has used of its lab: hours and cost, the same live and after a restart."""

import math
from collections.abc import Iterable

from labloop.records import ExperimentRecord, ExperimentState

_ENDED = {ExperimentState.DONE, ExperimentState.FAILED}
_OPEN = {ExperimentState.PLANNED, ExperimentState.AWAITING}


class LabTime:
    """Lab time in which at least one experiment was under way, overlapping ones counted once.

    A campaign's lab time goes on from opening to opening of its lab, so every second of it
    happens once. What counts is the set of seconds, never the order in which they came.
    """

    def __init__(
        self,
        records: Iterable[ExperimentRecord] = (),
        waited: Iterable[tuple[float, float]] = (),
    ) -> None:
        """Begin with what stored experiments used, and used before they waited for a result."""
        self._spans: list[tuple[float, float]] = []
        for record in records:
            self.add(record.lab_started, record.lab_finished)
        for start, end in waited:
            self.add(start, end)

    def add(self, start: float | None, end: float | None) -> None:
        """Count an experiment, in lab seconds of the campaign; None: it was never begun."""
        if start is not None and end is not None:
            self._spans = _with(self._spans, start, max(start, end))

    def seconds(self, since: float | None = None, now: float = 0.0) -> float:
        """Return the lab seconds used; with ``since``, up to ``now`` for what still runs."""
        spans = self._spans
        if since is not None and now > since:
            spans = _with(spans, since, now)
        return math.fsum(end - start for start, end in spans)


def _with(spans: list[tuple[float, float]], start: float, end: float) -> list[tuple[float, float]]:
    """Return disjoint ascending spans with one more, joined with those that it touches."""
    before = [span for span in spans if span[1] < start]
    after = [span for span in spans if span[0] > end]
    touched = spans[len(before) : len(spans) - len(after)]
    joined = (min([start, *(s for s, _ in touched)]), max([end, *(e for _, e in touched)]))
    return [*before, joined, *after]


def lab_seconds(
    records: Iterable[ExperimentRecord], waited: Iterable[tuple[float, float]] = ()
) -> float:
    """Return how much lab time experiments have used, as ``Budget.hours`` counts it.

    Args:
        records: the experiments.
        waited: of those that left the lab for a late result, see ``Experiments.waited``.
    """
    return LabTime(records, waited).seconds()


def lab_end(records: Iterable[ExperimentRecord]) -> float:
    """Return the lab second at which the next opening of the lab begins."""
    times = (time for r in records for time in (r.lab_started, r.lab_finished) if time is not None)
    return max(times, default=0.0)


def in_order(records: Iterable[ExperimentRecord]) -> list[ExperimentRecord]:
    """Return the experiments that have cost something, in the order in which they were begun."""
    paid = [r for r in records if r.state not in _OPEN and incurs_cost(r.state, r.lab_started)]
    return sorted(paid, key=lambda r: (r.lab_started or 0.0, r.number))


def incurs_cost(state: ExperimentState, lab_started: float | None) -> bool:
    """Return whether an experiment that ended has cost something.

    One that a person carried out has no lab time, and has ended as done or failed.
    """
    return lab_started is not None or state in _ENDED
