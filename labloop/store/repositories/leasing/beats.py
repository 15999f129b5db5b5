"""Beats: a process that holds leases is heard in the database, by the database's own clock.

Another machine cannot see whether a process runs. It can see whether the counter of its beats
grows, by its own monotonic clock, and how long ago the last one was, by the one clock that all of
them share: the database's. Wall clocks of two machines are never compared.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, bindparam, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from labloop.errors import LabloopError
from labloop.records import LeaseGrant
from labloop.store.engine import Session, Statement, insert_if_new
from labloop.store.repositories.connections import Connections
from labloop.store.schema import LeaseBeatRow, LeaseRow, table_of

BEAT_SECONDS = 10.0
"""So often a process that holds leases is heard."""
SILENT_SECONDS = 60.0
"""Who was not heard for so long may be dead, for all that another machine knows."""
WATCH_SECONDS = 1.5 * BEAT_SECONDS
"""So long a silent holder is watched before its lease is taken, on the taker's own clock."""


class _DatabaseClock(FunctionElement[int]):
    """Microseconds since the epoch, by the clock of the database's machine."""

    type = BigInteger()
    inherit_cache = True


@compiles(_DatabaseClock, "sqlite")
def _of_sqlite(*_: Any, **__: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


@compiles(_DatabaseClock, "postgresql")
def _of_postgresql(*_: Any, **__: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"


_LEASE, _BEAT = table_of(LeaseRow), table_of(LeaseBeatRow)
_NEW = insert_if_new(_BEAT)
_STILL = Statement(
    select(_LEASE.c.resource).where(
        _LEASE.c.resource == bindparam("wanted"), _LEASE.c.token == bindparam("seen")
    )
)
_GROW = Statement(
    update(_BEAT)
    .where(_BEAT.c.resource == bindparam("wanted"))
    .values(token=bindparam("new_token"), beats=_BEAT.c.beats + 1, beaten=_DatabaseClock())
)
_HEARD = select(
    _BEAT.c.token, _BEAT.c.beats, (_DatabaseClock() - _BEAT.c.beaten).label("silent")
).where(_BEAT.c.resource == bindparam("resource"))
_FIND = Statement(_HEARD)


@dataclass(frozen=True, slots=True)
class Heard:
    """When the holder of a lease was heard last."""

    token: int
    beats: int
    silent: float
    """Seconds, by the database's clock."""

    @classmethod
    def of(cls, row: Any, token: int) -> "Heard | None":
        """Return what a row says of the holder with ``token``; None where it says nothing."""
        if row is None or row[0] != token:
            return None
        return cls(row[0], row[1], max(row[2] / 1e6, 0.0))

    @property
    def is_silent(self) -> bool:
        """Whether it may be dead."""
        return self.silent >= SILENT_SECONDS


def heard(session: Session, resource: str, token: int) -> Heard | None:
    """Return when the holder of a lease was heard; None where it never was."""
    return Heard.of(session.one(_FIND, {"resource": resource}), token)


def beat(session: Session, resource: str, token: int) -> None:
    """Let the holder of a lease be heard; one that has lost it is not."""
    if session.one(_STILL, {"wanted": resource, "seen": token}) is None:
        return
    session.run(_NEW, {"resource": resource, "token": token, "beats": 0, "beaten": 0})
    session.run(_GROW, {"wanted": resource, "new_token": token})


class Beats:
    """Lets this process be heard while it holds leases, from a thread of its own."""

    def __init__(self, db: Connections) -> None:
        self._db = db
        self._grants: dict[str, LeaseGrant] = {}
        self._entry = threading.Lock()
        self._ended = threading.Event()

    def seen(self, resource: str, token: int) -> Heard | None:
        """Return when the holder of a lease was heard, read beside the writer."""
        row = self._db.one(_HEARD, {"resource": resource})
        return Heard.of(None if row is None else tuple(row.values()), token)

    def begin(self, grant: LeaseGrant) -> None:
        """Be heard as the holder of a lease from now on."""
        with self._entry:
            if not self._grants:
                self._ended = threading.Event()
                threading.Thread(
                    target=self._serve, args=(self._ended,), name="labloop-beats", daemon=True
                ).start()
            self._grants[grant.resource] = grant

    def end(self, grant: LeaseGrant) -> None:
        """Be heard no more as the holder of a lease."""
        with self._entry:
            if self._grants.get(grant.resource) == grant:
                del self._grants[grant.resource]
            if not self._grants:
                self._ended.set()

    def _serve(self, ended: threading.Event) -> None:
        # Where nothing can be written, nobody is heard: that is what the others are to see.
        with suppress(LabloopError):
            while not ended.wait(BEAT_SECONDS):
                with self._entry:
                    grants = tuple(self._grants.values())
                self._db.submit(partial(_beat_all, grants)).result()


def _beat_all(grants: Sequence[LeaseGrant], session: Session) -> None:
    for grant in grants:
        beat(session, grant.resource, grant.token)
