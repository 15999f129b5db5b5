"""Simulated lab time that several campaigns share: it passes while every one of them waits.

The same law as in one process, where lab time passes when nothing is ready: a campaign holds it
while it works or thinks, and lets it go up to the second of its own next event. It is granted
that second, or the earlier one at which something that it asked for has ended. See
:mod:`labloop.lab.time.stepped` for the other end.
"""

import asyncio
from dataclasses import dataclass

from labloop.lab.time import Clock


@dataclass(frozen=True, slots=True)
class Grant:
    """Lab time that a campaign was granted."""

    now: float
    finished: tuple[str, ...]
    """Requests that have ended since the last grant, in that order."""


class Pace:
    """One campaign's hold on lab time; every method is called in the lab's loop.

    Args:
        clock: lab time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loop = clock.loop
        self._finished: list[str] = []
        self._waiter: asyncio.Future[None] | None = None
        self._is_held = False
        self._has_ended = False
        self.hold()

    async def advance(self, until: float | None) -> Grant:
        """Let lab time pass up to second ``until``, or without end; return what was granted."""
        if not self._finished:
            waiter = self._waiter = self._loop.create_future()
            timer = None if until is None else self._loop.call_at(until, self.hold)
            self.release()
            try:
                await waiter
            finally:
                self._waiter = None
                self.hold()
                if timer is not None:
                    timer.cancel()
        finished, self._finished = tuple(self._finished), []
        return Grant(self._clock.now(), finished)

    def finish(self, request_id: str) -> None:
        """Note that a request has ended: lab time is held until the campaign has heard of it."""
        self._finished.append(request_id)
        self.hold()

    def hold(self) -> None:
        """Hold lab time, and grant it when nothing else can happen at this lab second."""
        if not self._is_held and not self._has_ended:
            self._is_held = True
            self._loop.freeze()
        if self._waiter is not None:
            self._loop.call_when_idle(self._grant)

    def end(self) -> None:
        """Hold lab time never again: the campaign has gone."""
        self._has_ended = True
        self.release()
        self._grant()

    def release(self) -> None:
        """Let lab time pass, as far as this campaign is concerned."""
        if self._is_held:
            self._is_held = False
            self._loop.unfreeze()

    def _grant(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
