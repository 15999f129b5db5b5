"""What the stages of the gate use, and who is asked for the lease."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from labloop.errors import StoreError
from labloop.lab.configuration import InterlockCheck, LimitCheck
from labloop.lab.devices import Scope
from labloop.lab.gate.delays import Delays
from labloop.lab.gate.sharing import Sharing
from labloop.lab.things import Bookings
from labloop.lab.time import Clock, PriorityLock
from labloop.records import Journal


class LeaseCheck(Protocol):
    """Checks whether a device may be commanded."""

    def __call__(self, device: str) -> "Future[int]":
        """Begin to read the lease on ``device`` in a thread; must not block.

        Returns:
            A future of the fencing token; it raises LeaseError where the lease is lost.
        """
        ...


@dataclass(slots=True)
class Services:
    """What the stages of one device use."""

    clock: Clock
    journal: Journal
    lease: LeaseCheck | None
    """None where no other process can reach the lab."""
    limits: LimitCheck
    interlocks: InterlockCheck
    sharing: Sharing
    bookings: Bookings
    own_scope: Scope
    """The scope of actions outside of any experiment."""
    stop: Callable[[str], None]
    """Stops the lab where the journal fails: without a journal, no bytes."""
    activity: dict[str, str]
    """Device -> what it does now."""
    delays: Delays | None = None
    """By how much actions take longer; None in a real lab."""
    lock: PriorityLock = field(default_factory=PriorityLock)

    async def commit(self, future: Any, what: str) -> None:
        """Wait for a commit, also where the caller is cancelled meanwhile.

        Raises:
            StoreError: it failed; the lab is stopped.
        """
        try:
            await self.clock.kept(future)
        except Exception as error:
            reason = f"the journal could not keep {what}: {error}"
            self.stop(reason)
            raise StoreError(f"{reason}; the lab is stopped") from error
