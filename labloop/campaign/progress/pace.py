"""How long the rest of a campaign takes, judged by the rounds that it has seen."""

from collections import deque
from statistics import median_low

from labloop.campaign.decisions import MachineState

_RECENT = 7
"""Rounds that are looked at: a pace changes with the data, and a cold start is no pace."""
_FEWEST = 2
_DESIGN = 12
"""After so many rounds without a model none is expected any more."""
_LONG = 60.0
"""Wall seconds an experiment beside which a proposal weighs little, whoever made it."""


class Pace:
    """Wall seconds per experiment, each from one question to the brain to the next.

    In such a round lies all that an experiment takes: the proposal, its share of the lab, a
    person's yes. A round that a starting design made says nothing of those that a model will
    make, so while only such ones are known nothing is said.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=_RECENT)
        """Seconds an experiment of the last rounds that are over."""
        self._recent_by_model: deque[float] = deque(maxlen=_RECENT)
        """The same of the last rounds that a model asked for."""
        self._rounds = 0
        self._asked: float | None = None
        self._count = 0
        self._by_model = False

    def asked(self, now: float) -> None:
        """Note that the brain is asked for a round, with which the last one is over."""
        if self._asked is not None and self._count:
            seconds = (now - self._asked) / self._count
            self._rounds += 1
            self._recent.append(seconds)
            if self._by_model:
                self._recent_by_model.append(seconds)
        self._asked, self._count = now, 0

    def planned(self, count: int, *, by_model: bool) -> None:
        """Note what the brain answered."""
        self._count, self._by_model = count, by_model

    def seconds_left(self, now: float, state: MachineState, used: float) -> float | None:
        """Return the wall seconds until the last experiment has ended; None without evidence.

        Args:
            now: wall seconds, by the clock of :meth:`asked`.
            state: where the campaign stands.
            used: how much of its budget is used, 0 to 1.
        """
        each = self._seconds_each()
        if each is None or self._asked is None or state.ending or not 0 < used < 1:
            return None
        left = state.finished * (1 - used) / used
        in_flight = len(state.running) + len(state.ready) + len(state.awaiting)
        under_way = min(max(in_flight, 1), left)
        return each * (left - under_way) + max(0.0, each * under_way - (now - self._asked))

    def _seconds_each(self) -> float | None:
        recent = self._recent_by_model
        if len(recent) < _FEWEST:
            recent = self._recent
            design = self._rounds <= _DESIGN
            if len(recent) < _FEWEST or (design and median_low(recent) < _LONG):
                return None
        return median_low(recent)
