"""A plan: which experiment is to have what, from when on; and where experiments are in theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlannedUse:
    """A request of an experiment, and the lab second for which it is planned.

    Attributes:
        experiment_id: whose.
        use: number of the request among those of the experiment, from 1.
        key: kind of the stations; ``lab.<name>`` for a device that is locked.
        start: lab second.
    """

    experiment_id: str
    use: int
    key: str
    start: float


@dataclass(frozen=True, slots=True)
class Visit:
    """What one request of an experiment was given."""

    use: int
    stations: tuple[tuple[str, str], ...]
    """Key and station of each."""
    got: float
    """Lab second."""
    left: float | None
    """Lab second; None while it is held."""
    preparing: float = 0.0
    """Seconds of warm-up and change-over after it was got."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a running experiment has come.

    Attributes:
        experiment_id: which.
        visits: what it was given so far.
        waits: whether it waits for its next request.
    """

    experiment_id: str
    visits: tuple[Visit, ...]
    waits: bool


@dataclass(frozen=True, slots=True)
class StationState:
    """How a station stands for its next use.

    Attributes:
        name: of the station.
        free_at: lab second from which on it is clean.
        cold: whether it warms up before its next use.
        setting: of its newest use.
    """

    name: str
    free_at: float
    cold: bool
    setting: float | str | None


class UsePlan:
    """Planned uses, and which of them are still to come.

    Args:
        uses: all of them.
        patience: lab seconds after its planned one from which a use is late: until then what it
            needs is kept for it, where it is planned to come first.
    """

    def __init__(self, uses: Sequence[PlannedUse] = (), patience: float = 0.0) -> None:
        self.patience = patience
        self.size = len(uses)
        self._starts = {(each.experiment_id, each.use): each.start for each in uses}
        self._left: dict[str, dict[tuple[str, int], float]] = {}
        for each in uses:
            self._left.setdefault(each.key, {})[each.experiment_id, each.use] = each.start

    def start_of(self, experiment_id: str, use: int) -> float | None:
        """Return the lab second for which a request is planned; None for one that is not."""
        return self._starts.get((experiment_id, use))

    def begun(self, experiment_id: str, use: int) -> None:
        """Note that a request was served: nothing waits for it any more."""
        for left in self._left.values():
            left.pop((experiment_id, use), None)

    def is_late(self, now: float) -> bool:
        """Return whether something that is still to come is late."""
        return any(
            each + self.patience <= now for left in self._left.values() for each in left.values()
        )

    def ahead(self, key: str, start: float, now: float) -> Mapping[tuple[str, int], float]:
        """Return what is still to come before ``start`` and is not late.

        Experiment and number of its request -> its planned second; may be called from any thread.
        """
        return {
            which: each
            for which, each in self._left.get(key, {}).copy().items()
            if each < start and each + self.patience > now
        }
