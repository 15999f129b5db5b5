"""Delivers the ends of experiments to their caller, one at a time.

In simulated time an experiment that ended freezes lab time until the caller has reacted, and
only then is the next end delivered: what a campaign sees never depends on how fast it looks.
"""

from collections import deque
from collections.abc import Callable

from labloop.lab.time import LabLoop


class ResultDelivery:
    """The ends that are still to be delivered. Every method is called in the lab's loop.

    Args:
        loop: the lab's loop.
    """

    def __init__(self, loop: LabLoop) -> None:
        self._loop = loop
        self._ends: deque[Callable[[], object]] = deque()
        self._caller_reacts = False
        """Whether the caller has not yet settled the latest end."""
        self.delivered = 0
        """Ends delivered so far."""

    def add(self, complete: Callable[[], object]) -> None:
        """Deliver an end, by calling ``complete``, when nothing else can happen.

        In simulated time lab time is frozen from now on.
        """
        if not self._loop.simulated:
            complete()
            return
        self._loop.freeze()
        self._ends.append(complete)
        self._loop.call_when_idle(self._deliver_next)

    def settle(self, delivered: int) -> None:
        """Note that the caller has reacted to the first ``delivered`` ends: lab time goes on."""
        if self._caller_reacts and delivered >= self.delivered:
            self._caller_reacts = False
            self._loop.unfreeze()
            self._deliver_next()

    def deliver_all(self) -> None:
        """Deliver every end now, without waiting for the caller."""
        if self._caller_reacts:
            self._caller_reacts = False
            self._loop.unfreeze()
        while self._ends:
            self._loop.unfreeze()
            self._ends.popleft()()

    def _deliver_next(self) -> None:
        if self._caller_reacts or not self._ends:
            return
        self._caller_reacts = True
        self.delivered += 1
        self._ends.popleft()()
