"""Named points at which a program kills itself with SIGKILL, installed in that program only.

A point stands just before or just after the commit of the first record of its kind, or at the
device's bytes. Nothing in labloop knows of it: the commit and the statements are seen from outside.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from benchmarks.durability.doser import Doser
from labloop.store.engine.statements import Session

TABLES = ("round", "experiment_move", "intent", "outcome", "measurement", "analysis")
"""Records whose commits are points."""
BYTES = ("before the bytes", "after the answer")
AT_DEVICE = "bytes sent, no answer"
POINTS = (
    *(f"{when} the commit of {table}" for table in TABLES for when in ("before", "after")),
    *BYTES,
    AT_DEVICE,
)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Countdown:
    """Kills this program when it was called so many times."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def __call__(self) -> None:
        self._left -= 1
        if self._left <= 0:
            _die()


def arm(point: str, nth: int) -> None:
    """Let this program die when it comes to a point for the nth time; ``AT_DEVICE`` excepted."""
    die = _Countdown(nth)
    if point in BYTES:
        _arm_bytes(die, before=point == BYTES[0])
    else:
        when, table = point.split(" the commit of ")
        _arm_commit(die, table, before=when == "before")


def _arm_commit(die: Callable[[], None], table: str, *, before: bool) -> None:
    link, control = Session.link, Session.control
    added: set[str] = set()

    def noting(self: Session, noun: str, *given: Any, **named: Any) -> None:
        added.add(noun)
        link(self, noun, *given, **named)

    def controlling(self: Session, sql: str) -> None:
        due = sql == "COMMIT" and table in added
        if due and before:
            die()
        control(self, sql)
        if sql == "COMMIT":
            added.clear()
        if due and not before:
            die()

    Session.link = noting  # type: ignore[method-assign]  # this program's last hours
    Session.control = controlling  # type: ignore[method-assign]  # same


def _arm_bytes(die: Callable[[], None], *, before: bool) -> None:
    ask = Doser._ask  # noqa: SLF001 - the bench's own driver

    async def asking(self: Doser, frame: str) -> bytes:
        counted = frame not in {"WHO", "SAFE"}
        if counted and before:
            die()
        answer = await ask(self, frame)
        if counted and not before:
            die()
        return answer

    Doser._ask = asking  # type: ignore[method-assign]  # noqa: SLF001 - same
