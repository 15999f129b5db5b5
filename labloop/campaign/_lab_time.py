"""How much lab time a campaign has used, over all openings of its lab."""

from collections.abc import Sequence
from datetime import datetime

from labloop.records import ExperimentRecord


def lab_seconds(records: Sequence[ExperimentRecord]) -> float:
    """Return how long experiments kept the lab, overlapping ones counted once.

    Lab time starts anew whenever the lab is opened, so an end that lies before the end of
    the experiment that finished last begins another opening, which is added.
    """
    ended = sorted((r for r in records if r.finished), key=_when)
    openings: list[list[tuple[float, float]]] = [[]]
    for record in ended:
        start, end = record.lab_started, record.lab_finished
        if start is None or end is None:
            continue
        if openings[-1] and end < openings[-1][-1][1]:
            openings.append([])
        openings[-1].append((start, end))
    return sum(_covered(spans) for spans in openings)


def _covered(spans: Sequence[tuple[float, float]]) -> float:
    total, latest = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, latest))
        latest = max(latest, end)
    return total


def _when(record: ExperimentRecord) -> tuple[datetime, float, int]:
    """Return the place of an ended experiment in the order of ends."""
    assert record.finished is not None  # noqa: S101 - asked by the only caller
    return record.finished, record.lab_finished or 0.0, record.number
