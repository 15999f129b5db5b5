"""How long experiments take together, from how long each takes alone."""

import heapq
import random
from collections.abc import Iterator, Sequence


def makespan(
    durations: Sequence[float], *, batch: int, parallel: int, asynchronous: bool = False
) -> float:
    """Return the seconds from the first begin to the last end, in the order given.

    Args:
        durations: seconds of each experiment.
        batch: how many are proposed together; the next round begins when all of them ended.
        parallel: how many are carried out at once.
        asynchronous: each that ended is replaced at once, without rounds.
    """
    size = len(durations) if asynchronous else batch
    rounds = (durations[i : i + size] for i in range(0, len(durations), max(size, 1)))
    return sum(_one_round(each, parallel) for each in rounds)


def _one_round(durations: Sequence[float], parallel: int) -> float:
    free = [0.0] * max(1, min(parallel, len(durations)))
    for seconds in durations:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return max(free)


def resampled(
    measured: Sequence[float],
    count: int,
    runs: int,
    *,
    batch: int,
    parallel: int,
    asynchronous: bool,
) -> Iterator[float]:
    """Yield makespans of ``count`` experiments whose durations are drawn from those measured.

    The bootstrap of Efron (Annals of Statistics 7, 1979): each run first draws which
    measurements it believes, so that few of them make a wide interval.
    """
    draw = random.Random(0)  # noqa: S311 - a forecast, the same whenever it is asked for
    for _ in range(runs):
        believed = draw.choices(measured, k=len(measured))
        yield makespan(
            draw.choices(believed, k=count),
            batch=batch,
            parallel=parallel,
            asynchronous=asynchronous,
        )
